import { fileURLToPath } from "node:url";
import { defineConfig, type BuildEnvironmentOptions } from "vite";
import { litertPlugin } from "./scripts/litert-plugin.mjs";
import { offlinePlugin } from "./scripts/offline-plugin.mjs";
import { ortPlugin } from "./scripts/ort-plugin.mjs";
import { isolationHeaders } from "./scripts/serve.mjs";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The package's own names, as users import it; exact, so that one is no prefix of the other. */
export const alias = [
  { find: /^inference-sharder\/element$/, replacement: path("src/ui/element.ts") },
  { find: /^inference-sharder$/, replacement: path("src/index.ts") },
  { find: /^inference-sharder\/faults$/, replacement: path("src/faults.ts") },
  { find: /^inference-sharder\/baseline$/, replacement: path("src/baseline.ts") },
];

/** By `--mode`. */
const builds: Record<string, BuildEnvironmentOptions> = {
  /**
   * The page, and embed.js for pages of others, which share their chunks and workers. The service worker keeps its name, too: it governs the
   * folder that it is in.
   */
  production: {
    rolldownOptions: {
      input: {
        index: path("index.html"),
        embed: path("src/ui/embed.ts"),
        "service-worker": path("workers/service-worker.ts"),
      },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: ({ name }) => (name === "index" ? "assets/[name]-[hash].js" : "[name].js"),
      },
    },
  },
  /**
   * The library, as plain entries: Vite's own `build.lib` would inline every asset, the WASM binaries too,
   * into each worker as base64.
   */
  lib: {
    outDir: "dist/lib",
    copyPublicDir: false,
    // It would list files by names that a user's bundler changes.
    modulePreload: false,
    rolldownOptions: {
      input: {
        index: path("src/index.ts"),
        faults: path("src/faults.ts"),
        element: path("src/ui/element.ts"),
        baseline: path("src/baseline.ts"),
      },
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "[name].js" },
    },
  },
  /** The page that the browser tests drive; it has TF.js in it, to compare with. */
  harness: { outDir: path("dist-harness"), copyPublicDir: false, chunkSizeWarningLimit: 5_000 },
  /** The pages that scripts/bench.mjs measures in; the first has TF.js with all its backends in it, the others load what they measure. */
  bench: {
    outDir: path("dist-bench"),
    copyPublicDir: false,
    chunkSizeWarningLimit: 5_000,
    rolldownOptions: {
      input: {
        index: path("tests/bench/index.html"),
        peers: path("tests/bench/peers.html"),
        startup: path("tests/bench/startup.html"),
      },
    },
  },
};

/** Where a mode's index.html is, if not in the project's root. */
const roots: Record<string, string> = { harness: "tests/harness", bench: "tests/bench" };

export default defineConfig(({ mode }) => ({
  root: path(roots[mode] ?? "."),
  // Relative addresses: the build works under any path of a static host.
  base: "./",
  resolve: { alias },
  plugins: mode === "production" ? [litertPlugin(), ortPlugin(), offlinePlugin()] : [litertPlugin(), ortPlugin()],
  // Else their scripts would be bundled before they have an export, or away from their .wasm files.
  optimizeDeps: { exclude: ["@litertjs/core", "onnxruntime-web"] },
  build: {
    target: "es2022",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    ...builds[mode],
    rolldownOptions: {
      ...builds[mode]?.rolldownOptions,
      // Bundling TF.js for each worker takes its seconds; nothing to be told of at every build.
      checks: { pluginTimings: false },
    },
  },
  worker: { format: "es", plugins: () => [litertPlugin(), ortPlugin()] },
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
}));
