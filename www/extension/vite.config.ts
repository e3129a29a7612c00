/** A build for each browser: `vite build www/extension --mode firefox`. `cargo xtask web` adds the manifests. */

import { type UserConfig, defineConfig } from "vite";

import { site } from "../vite.ts";

/** What mines in each: Chromium's service worker makes a document without a window, Firefox has a background page. */
const HOSTS: Record<string, string[]> = {
  chromium: ["offscreen.html", "background.ts"],
  firefox: ["background.html"],
};

/** The manifest names the service worker, so its name is fixed. */
const named = ({ name }: { name: string }) => (name === "background" ? "background.js" : "assets/extension/[name]-[hash].js");

export default defineConfig(({ mode }) => {
  const hosts = HOSTS[mode];
  if (!hosts) throw new Error(`--mode is one of ${Object.keys(HOSTS).join(", ")}`);
  const pages = ["popup.html", "options.html", ...hosts].map((name) => new URL(name, import.meta.url).pathname);
  const base: UserConfig = site("extension", ...pages);
  return {
    ...base,
    build: {
      ...base.build,
      outDir: `dist/${mode}`,
      rolldownOptions: { ...base.build?.rolldownOptions, output: { ...base.build?.rolldownOptions?.output, entryFileNames: named } },
    },
  };
});
