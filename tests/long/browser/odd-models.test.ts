// Odd .onnx and .tflite files of many makers, each against what its own runtime in Python gave (tests/fixtures/odd).
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";

const FOLDER = "tests/fixtures/odd";

/** Files that are sound, but refused for a reason that is given, on WASM. */
const REFUSED_THOUGH_SOUND: Readonly<Record<string, RegExp>> = {
  // Its batch is free, and so are the sizes that it computes for its transposed convolutions.
  "lite-transposed.tflite": /computes while it runs/,
};

const files = readdirSync(FOLDER).filter((name) => /\.(onnx|tflite)$/.test(name));
const saved = (file: string): { refused?: string; made: string } =>
  JSON.parse(readFileSync(`${FOLDER}/${file.replace(/\.\w+$/, ".json")}`, "utf8"));

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("there are at least thirty that run, of six makers", () => {
  const sound = files.map(saved).filter(({ refused }) => refused === undefined);
  expect(sound.length).toBeGreaterThanOrEqual(30);
  expect(new Set(sound.map(({ made }) => made.split(" ")[0])).size).toBeGreaterThanOrEqual(6);
});

describe.each([
  ["onnx", files.filter((name) => name.endsWith(".onnx"))],
  ["litert", files.filter((name) => name.endsWith(".tflite"))],
] as const)("%s", (engine, names) => {
  it.each(names)("%s, whole and in shards", async (file) => {
    const base = `${inject("urls").harness}fixtures/odd/`;
    const request = {
      name: file,
      model: `${base}${file}`,
      values: `${base}${file.replace(/\.\w+$/, ".json")}`,
      engines: [engine],
      backend: "wasm" as const,
    };
    const [row] = await opened.page.evaluate((each) => harness.checkOnEngines(each), request);
    const reason = REFUSED_THOUGH_SOUND[file] ?? (saved(file).refused === undefined ? undefined : /^\S+: Expected /);
    expect(row).toMatchObject({ verdict: reason === undefined ? "right" : "refused", oracle: "recorded values" });
    if (reason !== undefined) expect(row?.detail).toMatch(reason);
  });
});
