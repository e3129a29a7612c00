/** How every site of this folder is built: each is one workspace with an HTML file, and all land in one `dist`. */

import type { UserConfig } from "vite";

import { SERVED } from "./served.ts";

/** The site `name`, whose pages are `html`; its files are `assets/<name>/…`, those of its workers `assets/worker/…`. */
export function site(name: string, ...html: string[]): UserConfig {
  return {
    // A coordinator may be mounted below a path.
    base: "./",
    build: {
      outDir: "../dist",
      emptyOutDir: false,
      target: "es2022",
      // The content security policy allows no data: addresses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: html, output: files(name) },
    },
    worker: { format: "es", rolldownOptions: { output: files("worker") } },
    // `npx vite www/page` runs beside `adit serve`.
    server: {
      // The Host stays that of this server, so that the page's calls are of the origin that they go to.
      proxy: Object.fromEntries(SERVED.map((path) => [path, { target: "http://127.0.0.1:8000", changeOrigin: false }])),
      fs: { allow: ["../.."] },
    },
  };
}

interface Chunk {
  facadeModuleId?: string | null;
}

/** The budgets of wasm-pack.toml go by these folders. What few people fetch has folders of its own. */
function files(folder: string) {
  const name = `assets/${folder}/[name]-[hash]`;
  const script = ({ facadeModuleId }: Chunk) => {
    const [, language] = facadeModuleId?.match(/\/locales\/([\w-]+)\//) ?? [];
    if (language) return `assets/${folder}/${language}-[name]-[hash].js`;
    const [, rare] = facadeModuleId?.match(/\/(content|hold)\.ts$/) ?? [];
    return rare ? `assets/${rare}/[name]-[hash].js` : `${name}.js`;
  };
  return { entryFileNames: script, chunkFileNames: script, assetFileNames: `${name}[extname]` };
}
