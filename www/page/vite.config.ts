import { defineConfig } from "vite";

import { site } from "../vite.ts";

export default defineConfig(site("page", new URL("index.html", import.meta.url).pathname));
