// The README's page without a bundler, as it stands there, on a host without isolation headers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { openHarness, type OpenPage } from "../harness/launch.js";

const folder = mkdtempSync(join(tmpdir(), "sharder-readme-"));
let server: Awaited<ReturnType<typeof serve>>;
let app: OpenPage;
beforeAll(async () => {
  const example = [...readFileSync("README.md", "utf8").matchAll(/```html\n([\s\S]*?)```/g)]
    .map(([, html]) => html!)
    .find((html) => html.includes("createSharder"));
  // The page waits for the test, so that no message is missed.
  writeFileSync(join(folder, "index.html"), `<!doctype html><title>Example</title><link rel="icon" href="data:,">`);
  writeFileSync(
    join(folder, "example.html"),
    `<!doctype html><title>Example</title><link rel="icon" href="data:,">${example}`,
  );
  const mounts = { "/inference-sharder/": "dist/lib", "/models/": "public/models" };
  server = await serve({ root: folder, mounts, isolated: false });
  app = await openHarness({ url: server.url });
});
afterAll(async () => {
  await app.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

it("runs the model with the library as it is published", async () => {
  const { page } = app;
  const said = page.waitForEvent("console", { predicate: (message) => message.type() === "log", timeout: 60_000 });
  await page.goto(`${server.url}example.html`);
  expect(await (await said).args()[0]!.jsonValue()).toEqual([1, 128, 128, 3]);
  expect(app.errors).toEqual([]);
});
