/** One build for both browsers: `cargo xtask web` gives each its manifest. */

import { type UserConfig, defineConfig } from "vite";

import { site } from "../vite.ts";

const pages = ["popup.html", "options.html", "offscreen.html", "background.ts"].map((name) => new URL(name, import.meta.url).pathname);
const base: UserConfig = site("extension", ...pages);

/** The manifest names the service worker, so its name is fixed. */
const named = ({ name }: { name: string }) => (name === "background" ? "background.js" : "assets/extension/[name]-[hash].js");

export default defineConfig({
  ...base,
  build: {
    ...base.build,
    outDir: "dist/chromium",
    rolldownOptions: { ...base.build?.rolldownOptions, output: { ...base.build?.rolldownOptions?.output, entryFileNames: named } },
  },
});
