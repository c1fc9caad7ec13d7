import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { serve } from "../../scripts/serve.mjs";
import { modelsFolder } from "../fixtures/public-models.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Addresses that end with "/". The plain one has no isolation headers, so that there is no SharedArrayBuffer. */
    urls: { app: string; harness: string; plainHarness: string };
  }
}

/** Serves the built pages while the project's tests run. */
export default async function setup(project: TestProject) {
  for (const page of ["dist/index.html", "dist-harness/index.html"]) {
    if (!existsSync(page)) throw new Error(`Expected ${page} to have been built: run npm test -- --only build`);
  }
  // The build contains only code; models and fixtures are served from where they are.
  const mounts = {
    "/models/": resolve("public/models"),
    "/samples/": resolve("public/samples"),
    "/fixtures/": resolve("tests/fixtures"),
    "/public-models/": resolve(modelsFolder),
  };
  const servers = await Promise.all([
    serve({ root: "dist" }),
    serve({ root: "dist-harness", mounts }),
    serve({ root: "dist-harness", mounts, isolated: false }),
  ]);
  const [app, harness, plainHarness] = servers;
  project.provide("urls", { app: app.url, harness: harness.url, plainHarness: plainHarness.url });
  return async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
}
