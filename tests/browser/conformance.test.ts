// The check of `npm run conformance` on the smallest public models and on fixtures of every kind.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { ConformanceRow } from "../conformance/conformance-row.js";
import { convertedModels } from "../fixtures/converted-models.js";
import { modelsFolder, publicModels } from "../fixtures/public-models.js";
import { sampleOf } from "../fixtures/sample-of.js";
import { fuzzCases } from "../fuzz/cases.js";
import { serveCases } from "../fuzz/server.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

function check(url: string, mostCuts: number): Promise<ConformanceRow> {
  const request = { url, backends: ["wasm" as const, "cpu" as const], mostCuts };
  return opened.page.evaluate((each) => harness.checkModel(each, () => {}), request);
}

function expectConforming(row: ConformanceRow): void {
  expect(row.failures).toEqual([]);
  expect(row.status).toBe("conforms");
  expect(row.cutCount).toBeGreaterThan(0);
  expect([row.batch, row.cuts, row.optimisedBatch]).toEqual([0, 0, 0]);
  expect(row.optimised).toBeLessThanOrEqual(1e-4);
}

const bytesOf = (name: string): number =>
  readdirSync(join(modelsFolder, name)).reduce(
    (total, file) => total + statSync(join(modelsFolder, name, file)).size,
    0,
  );
const smallest = sampleOf(publicModels.toSorted((a, b) => bytesOf(a) - bytesOf(b)).slice(0, 2), 2);

// Without a folder of models, this is reported as skipped.
describe.skipIf(smallest.length === 0)("the smallest public models", () => {
  it.each(smallest)("%s, whole, sharded, cut and optimised", async (name) => {
    expectConforming(await check(`${inject("urls").harness}public-models/${name}/model.json`, 12));
  });
});

// Only one of the fixtures that differ by the version of control flow or by the bits of a weight.
const kinds = sampleOf(
  convertedModels.filter((name) => !convertedModels.includes(`${name}-v2`) && !/uint16|float16/.test(name)),
  3,
);

describe("fixtures of every kind", () => {
  it.each(kinds)("%s, whole, sharded, cut and optimised", async (name) => {
    expectConforming(await check(`${inject("urls").harness}fixtures/models/${name}/model.json`, 4));
  });
});

it("distinguishes a model that TF.js itself can't run from one that differs", async () => {
  const cases = fuzzCases();
  const server = await serveCases(cases);
  const rowOf = (name: string) => check(server.urlOf(cases.findIndex((each) => each.name === name)), 4);
  try {
    const [unknown, cyclic] = [await rowOf("graph: an unknown op"), await rowOf("graph: a cycle")];
    expect([unknown.status, cyclic.status]).toEqual(["TF.js fails", "TF.js fails"]);
    expect(unknown.notes.join()).toContain("Frobnicate");
  } finally {
    await server.close();
  }
});
