import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { chromium } from "playwright";
import type { TestProject } from "vitest/node";
import { chromiumArgs, findChromium } from "../../scripts/browser.mjs";
import { serve } from "../../scripts/serve.mjs";
import { modelsFolder } from "../fixtures/public-models.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Addresses that end with "/". The plain one has no isolation headers, so that there is no SharedArrayBuffer. */
    urls: { app: string; harness: string; plainHarness: string };
    /** The browser that all test files share, where they need none of their own. */
    chromium: { endpoint: string; executablePath: string };
  }
}

/** Serves the built pages, and keeps a browser open, while the project's tests run. */
export default async function setup(project: TestProject) {
  for (const page of ["dist/index.html", "dist-harness/index.html"]) {
    if (!existsSync(page)) throw new Error(`Expected ${page} to have been built: run npm test -- --only build`);
  }
  const executablePath = await findChromium();
  if (executablePath === undefined) throw new Error("Expected a Chromium on this machine: npm test installs one.");
  // The build contains only code; models and fixtures are served from where they are.
  const mounts = {
    "/models/": resolve("public/models"),
    "/samples/": resolve("public/samples"),
    "/cases/": resolve("tests/cases"),
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
  const browser = await chromium.launchServer({ executablePath, args: chromiumArgs() });
  project.provide("chromium", { endpoint: browser.wsEndpoint(), executablePath });
  return async () => {
    await browser.close();
    await Promise.all(servers.map((server) => server.close()));
  };
}
