import { defineConfig } from "vite";

import { site } from "../vite.ts";

export default defineConfig(site("dashboard", new URL("dashboard.html", import.meta.url).pathname));
