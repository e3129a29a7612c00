import { defineConfig } from "vite";

import { site } from "../vite.ts";

const pages = ["dashboard.html", "stats.html"].map((page) => new URL(page, import.meta.url).pathname);

export default defineConfig(site("dashboard", ...pages));
