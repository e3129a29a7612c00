import { defineConfig } from "vite";

import { site } from "../vite.ts";

export default defineConfig(site("embed", new URL("embed.html", import.meta.url).pathname));
