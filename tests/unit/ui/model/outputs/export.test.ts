// Outputs are kept, and saved in files that are read again.
import { unzipSync } from "fflate";
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import type { Outputs, Tensor } from "../../../../../src/index.js";
import { toNpy, toNpz } from "../../../../../src/ui/model/outputs/export-npy.js";
import { toCsv, toJson } from "../../../../../src/ui/model/outputs/export-text.js";
import { OutputStore } from "../../../../../src/ui/model/outputs/output-store.js";
import { readNpy } from "../../../../../src/ui/model/tensors/npy.js";

const floats = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

function storeOf(...items: (Outputs | string)[]): OutputStore {
  const store = new OutputStore((index) => `item, ${index}`);
  for (const item of items) store.add(item);
  return store;
}
const contextOf = (store: OutputStore, labels?: readonly string[]) => ({
  ...{ store, labels, modelName: "net" },
  onProgress: () => {},
});
const scores = (...values: number[]): Outputs => ({ scores: floats([1, values.length], ...values) });
const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

/** One item failed, one has no box, and names differ. */
const detections = () =>
  storeOf(
    { boxes: floats([1, 2, 4], 1, 2, 3, 4, 5, 6, 7, 8), name: { dtype: "string", shape: [1], data: ['say "hi"'] } },
    "could not be read",
    { boxes: floats([1, 0, 4]), name: { dtype: "string", shape: [1], data: ["日本"] } },
  );

describe("OutputStore", () => {
  it("gives back every item as it was, failed ones empty", async () => {
    const store = detections();
    expect(store.outputs).toEqual([
      { name: "boxes", dtype: "float32", shape: [-1, 4] },
      { name: "name", dtype: "string", shape: [] },
    ]);
    expect(await store.item(0)).toEqual([
      { name: "boxes", dtype: "float32", shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      { name: "name", dtype: "string", shape: [], data: ['say "hi"'] },
    ]);
    expect([store.failureOf(1), await store.item(1)]).toEqual(["could not be read", []]);
    expect((await store.item(2))[0]).toMatchObject({ shape: [0, 4] });
  });

  it("reads all items in order, over many parts", async () => {
    const store = storeOf(
      ...Array.from({ length: 300 }, (_, i) => ({ y: floats([1, 10_000], ...Array<number>(10_000).fill(i)) })),
    );
    expect(store.storedBytes).toBe(300 * 40_000);
    let count = 0;
    for await (const { index, outputs } of store.items()) {
      expect([outputs[0]!.data[0], outputs[0]!.data[9_999], outputs[0]!.data.length]).toEqual([index, index, 10_000]);
      count++;
    }
    expect(count).toBe(300);
    expect((await store.item(211))[0]!.data[5]).toBe(211);
  });

  it("takes items whose first ones failed, and views into larger buffers", async () => {
    const whole = Float32Array.of(9, 1, 2, 9);
    const store = storeOf("no", { y: { dtype: "float32", shape: [1, 2], data: whole.subarray(1, 3) } });
    expect((await store.item(1))[0]).toEqual({ name: "y", dtype: "float32", shape: [2], data: Float32Array.of(1, 2) });
    expect(store.outputs[0]!.shape).toEqual([2]);
  });
});

describe("JSON", () => {
  it("has every item and every value as it was", async () => {
    const store = storeOf(scores(0.1, NaN, Infinity), "torn", scores(1 / 3, -2, 16_777_217));
    const { model, items } = JSON.parse(await (await toJson(contextOf(store))).text()) as {
      model: string;
      items: object[];
    };
    expect(model).toBe("net");
    expect(items).toEqual([
      {
        index: 0,
        name: "item, 0",
        outputs: { scores: { dtype: "float32", shape: [3], data: [0.1, "NaN", "Infinity"] } },
      },
      { index: 1, name: "item, 1", error: "torn" },
      {
        index: 2,
        name: "item, 2",
        outputs: { scores: { dtype: "float32", shape: [3], data: [expect.any(Number), -2, 16_777_216] } },
      },
    ]);
    const third = (items[2] as { outputs: { scores: { data: number[] } } }).outputs.scores.data[0]!;
    expect(Math.fround(third)).toBe(Math.fround(1 / 3));
    expect(String(third).length).toBeLessThanOrEqual(11);
  });
});

describe("CSV", () => {
  const parse = async (blob: Blob) => Papa.parse(await blob.text(), { skipEmptyLines: true }).data;

  it("has a row per item and a column per class", async () => {
    const store = storeOf(scores(0.25, 0.75), "torn", scores(1, NaN));
    expect(await parse(await toCsv("scores", contextOf(store, ["cat", "dog, big"])))).toEqual([
      ["item", "name", "cat", "dog, big", "error"],
      ["1", "item, 0", "0.25", "0.75", ""],
      ["2", "item, 1", "", "", "torn"],
      ["3", "item, 2", "1", "nan", ""],
    ]);
  });

  it("has a row for each box, and each value of a text", async () => {
    expect(await parse(await toCsv("boxes", contextOf(detections())))).toEqual([
      ["item", "name", "axis 1", "boxes[0]", "boxes[1]", "boxes[2]", "boxes[3]", "error"],
      ["1", "item, 0", "0", "1", "2", "3", "4", ""],
      ["1", "item, 0", "1", "5", "6", "7", "8", ""],
      ["2", "item, 1", "", "", "", "", "", "could not be read"],
    ]);
    expect((await parse(await toCsv("name", contextOf(detections()))))[1]).toEqual(["1", "item, 0", 'say "hi"', ""]);
  });

  it("writes no formula, whatever files and labels are called", async () => {
    const store = new OutputStore(() => '=HYPERLINK("https://evil.test")');
    store.add(scores(-1, 2));
    store.add("+1");
    expect(await parse(await toCsv("scores", contextOf(store, ["@cat", "-dog"])))).toEqual([
      ["item", "name", "'@cat", "'-dog", "error"],
      ["1", `'=HYPERLINK("https://evil.test")`, "-1", "2", ""],
      ["2", `'=HYPERLINK("https://evil.test")`, "", "", "'+1"],
    ]);
  });

  it("has one value per row where rows differ in length, or would be too long", async () => {
    const differing = storeOf({ y: floats([1, 2], 1, 2) }, { y: floats([1, 1], 3) });
    expect((await parse(await toCsv("y", contextOf(differing)))).slice(1).map((row) => row.slice(2, 4))).toEqual([
      ["0", "1"],
      ["1", "2"],
      ["0", "3"],
    ]);
    const long = storeOf({ y: floats([1, 20_000], ...Array<number>(20_000).fill(1)) });
    expect(await parse(await toCsv("y", contextOf(long)))).toHaveLength(20_001);
  });
});

describe("NPY and NPZ", () => {
  it("have row i for item i, with NaN for one that failed", async () => {
    const store = storeOf(scores(1, 2), "torn", scores(5, 6));
    expect(readNpy(await bytesOf(await toNpy("scores", contextOf(store))), "x")).toEqual(
      floats([3, 2], 1, 2, NaN, NaN, 5, 6),
    );
    const names = readNpy(await bytesOf(await toNpy("name", contextOf(detections()))), "x");
    expect(names).toEqual({ dtype: "string", shape: [3], data: ['say "hi"', "", "日本"] });
  });

  it("one array needs one shape; a zip takes the others one by one", async () => {
    const store = detections();
    await expect(toNpy("boxes", contextOf(store))).rejects.toThrow(
      /items of one shape.*received \[-1,4\] of "boxes".*\.npz/,
    );
    const files = unzipSync(await bytesOf(await toNpz(contextOf(store))));
    expect(Object.keys(files)).toEqual(["boxes/000000.npy", "boxes/000002.npy", "name.npy"]);
    expect(readNpy(files["boxes/000000.npy"]!, "x")).toMatchObject({ shape: [2, 4] });
    expect(readNpy(files["boxes/000002.npy"]!, "x")).toMatchObject({ shape: [0, 4] });
    expect(readNpy(files["name.npy"]!, "x").data).toEqual(['say "hi"', "", "日本"]);
  });
});
