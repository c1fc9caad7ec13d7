// TF.js models on LiteRT: all public models against TF.js's workers, and TensorFlow's own numbers for every kind of operation.
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { listCases } from "../../fixtures/case-files.js";
import { publicModels } from "../../fixtures/public-models.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";

/** Of the largest value. */
const TOLERANCE = 1e-4;

/** By the reason that must be given. */
const REFUSED: Readonly<Record<string, RegExp>> = { handtrack: /TensorListReserve/ };

/** TF.js's WASM backend is 1e-4 from its own CPU backend in the logarithms of its first layers; LiteRT is 3e-6 from it. */
const ROUNDED_ON_WASM = ["basic-pitch"];

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

describe.skipIf(publicModels.length === 0)("public models", () => {
  it.each(publicModels)("%s gives what TF.js gives, or is refused with a reason", async (name) => {
    const model = `${inject("urls").harness}public-models/${name}/model.json`;
    const reference = ROUNDED_ON_WASM.includes(name) ? ("cpu" as const) : ("wasm" as const);
    const request = { model, reference, itemCount: 2 };
    const run = await opened.page.evaluate((each) => harness.runTranslated(each), request);
    if (run.kind === "refused") {
      console.log(`${name}: refused: ${run.reason}`);
      expect(run.code).toBe("model-unsupported");
      expect(run.reason).toMatch(REFUSED[name] ?? /^no refusal was expected$/);
      return;
    }
    const worst = Math.max(...Object.values(run.gaps));
    console.log(`${name}: ${worst.toExponential(1)} of the largest value from TF.js on ${reference}`);
    expect(REFUSED[name]).toBeUndefined();
    expect(worst).toBeLessThan(TOLERANCE);
  });
});

it("cases of TensorFlow's own numbers are right, or refused before anything runs", async () => {
  const urls = listCases("tests/cases").map((name) => `${inject("urls").harness}cases/${name}/`);
  const rows = await opened.page.evaluate(async (urls) => {
    const rows = [];
    for (const url of urls) rows.push(await harness.checkTranslated(url));
    return rows;
  }, urls);
  const count = (verdict: string): number => rows.filter((row) => row.verdict === verdict).length;
  expect(rows.filter(({ verdict }) => verdict === "wrong" || verdict === "failed")).toEqual([]);
  expect(count("right")).toBeGreaterThan(70);
  expect(count("right") + count("refused")).toBe(urls.length);
});
