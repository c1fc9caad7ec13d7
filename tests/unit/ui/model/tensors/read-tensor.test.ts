import { expect, it } from "vitest";
import type { InputTensor, TensorSpec } from "../../../../../src/index.js";
import { csvRows } from "../../../../../src/ui/model/tensors/csv-rows.js";
import { readCsv } from "../../../../../src/ui/model/tensors/csv.js";
import { itemCountOf } from "../../../../../src/ui/model/tensors/fit-tensor.js";
import { npyHeader } from "../../../../../src/ui/model/tensors/npy.js";
import { readTensor } from "../../../../../src/ui/model/tensors/read-tensor.js";
import { commonItemCount, tensorBatches } from "../../../../../src/ui/model/tensors/tensor-source.js";

const spec = (shape: number[] | undefined, dtype: TensorSpec["dtype"] = "float32", name = "x"): TensorSpec => ({
  ...{ name, dtype, shape },
});
const csv = (text: string, name = "x.csv"): File => new File([text], name);
const npy = (shape: number[], values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): File =>
  new File([npyHeader(values instanceof Int32Array ? "int32" : "float32", shape), values], "x.npy");

const table = (text: string, wantsTexts = false) => readCsv(csv(text), "x.csv", wantsTexts);

it("reads tables with and without names above, of commas, semicolons and tabs", async () => {
  const expected = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2.5, -3, 1e-3) };
  for (const text of [
    "1,2.5\n-3,1e-3\n",
    "\ufeffa,b\r\n1,2.5\r\n-3,0.001",
    '"1";"2.5"\n"-3";"0.001"\n\n',
    "1\t2.5\n-3\t0.001",
  ]) {
    expect((await table(text)).tensor).toEqual(expected);
  }
  expect((await table("a,b\n1,2")).header).toEqual(["a", "b"]);
  expect((await table(",b\n1,2")).header).toEqual(["", "b"]);
  expect((await table("7\n8\n9")).tensor.shape).toEqual([3, 1]);
  expect([...(await table("nan,inf\nTrue,-inf")).tensor.data]).toEqual([NaN, Infinity, 1, -Infinity]);
  expect((await table('hello,"a, b"', true)).tensor).toEqual({
    dtype: "string",
    shape: [1, 2],
    data: ["hello", "a, b"],
  });
});

it.each<[string, RegExp]>([
  ["", /an empty file/],
  ["1,2\n3", /2 values in each row in x\.csv, received 1 in row 2/],
  ["a,b\n1,2\n3,x", /numbers in x\.csv, received “x” in row 3, column 2/],
  // A number among them means that it is no row of names.
  ["1,x\n3,4", /numbers in x\.csv, received “x” in row 1, column 2/],
  ["a,b", /received “a” in row 1, column 1/],
  ["1,\n2,3", /received “” in row/],
  ['1,"2', /Expected a table/],
])("says what is wrong with the table %j", async (text, words) => {
  await expect(table(text)).rejects.toThrow(words);
});

it.each(["\n", "\r\n"])("reads a table with %j in slices that end anywhere, and no slice is long", async (lineEnd) => {
  // Rows of many lengths, cells with line ends in them, and one that is longer than any slice.
  const cells = Array.from({ length: 3_000 }, (_, i) => `${"ä".repeat(i % 97)}"",${i}${i % 5 === 0 ? lineEnd : ""}`);
  cells[1_000] = "long ".repeat(100_000);
  const texts = cells.map((cell) => `"${cell}",7`).join(lineEnd);
  const { tensor } = await table(`${texts}${lineEnd}`, true);
  expect(tensor.shape).toEqual([3_000, 2]);
  const expected = cells.flatMap((cell) => [cell.replace('""', '"'), "7"]);
  expect(tensor.data.length).toBe(expected.length);
  expect(expected.findIndex((cell, i) => cell !== tensor.data[i])).toBe(-1);
});

it("reads no more of a large table in one go than a slice", async () => {
  const file = csv(`${"0.25,".repeat(99)}0.5\n`.repeat(1_500));
  let longest = 0;
  let cellCount = 0;
  for await (const rows of csvRows(file, "x.csv")) {
    longest = Math.max(longest, rows.length);
    cellCount += rows.flat().length;
  }
  expect(cellCount).toBe(150_000);
  // 128 KiB of rows of 499 bytes.
  expect(longest).toBeLessThan(300);
});

it("gives what a file holds the shape and dtype of the input", async () => {
  const shapeOf = async (file: File, ...rest: Parameters<typeof spec>) => (await readTensor(file, spec(...rest))).shape;
  expect(await shapeOf(csv("1,2,3,4\n5,6,7,8"), [-1, 2, 2])).toEqual([2, 2, 2]);
  expect(await shapeOf(csv("1,2,3,4\n5,6,7,8"), [1, 2, 2, 1])).toEqual([2, 2, 2, 1]);
  expect(await shapeOf(csv("1,2,3,4\n5,6,7,8"), [-1, -1, 2])).toEqual([2, 2, 2]);
  expect(await shapeOf(csv("1\n2\n3"), [-1])).toEqual([3]);
  expect(await shapeOf(npy([3, 2], new Float32Array(6)), [-1, 2])).toEqual([3, 2]);
  // A single item gets the axis of the batch.
  expect(await shapeOf(npy([2, 3], new Float32Array(6)), [-1, 2, 3])).toEqual([1, 2, 3]);
  expect(await shapeOf(npy([2, 3], new Float32Array(6)), undefined)).toEqual([2, 3]);
  expect(await readTensor(npy([2, 1], Int32Array.of(1, 2)), spec([-1, 1]))).toMatchObject({ dtype: "float32" });
  expect(await readTensor(csv("1,0"), spec([-1, 2], "bool"))).toEqual({
    dtype: "bool",
    shape: [1, 2],
    data: Uint8Array.of(1, 0),
  });
  expect(await readTensor(csv("hello\nworld"), spec([-1, 1], "string"))).toMatchObject({ data: ["hello", "world"] });
  const rate = await readTensor(csv("5,6"), { ...spec([1, 2]), batched: false });
  expect(itemCountOf(rate, { ...spec([1, 2]), batched: false })).toBe(1);
});

it.each<[string, File, TensorSpec, RegExp]>([
  [
    "columns",
    csv("1,2,3"),
    spec([-1, 2, 2]),
    /shape \[items, 2, 2\] for input "x" or a table with 4 columns, received shape \[items, 3\]|received shape \[1, 3\] in x\.csv: write one item per row/,
  ],
  [
    "a shape",
    npy([4, 5], new Float32Array(20)),
    spec([-1, 3]),
    /Expected shape \[items, 3\] for input "x", received shape \[4, 5\] in x\.npy: reshape it/,
  ],
  [
    "fractions",
    csv("1.5"),
    spec([-1, 1], "int32"),
    /Expected whole numbers \(int32\) for input "x", received 1\.5 in x\.csv/,
  ],
  ["texts", csv("hello"), spec([-1, 1]), /Expected numbers in x\.csv, received “hello”/],
  ["an empty file", new File([], "x.npy"), spec([-1, 1]), /values in x\.npy, received an empty file/],
  [
    "a zip",
    new File([Uint8Array.of(0x50, 0x4b, 3, 4)], "x.npz"),
    spec([-1, 1]),
    /received a zip of several: save each/,
  ],
])("says what was expected and received: %s", async (_, file, input, words) => {
  await expect(readTensor(file, input)).rejects.toThrow(words);
});

it("yields all items of all inputs in order, with random numbers where there is no file", () => {
  const inputs = [
    spec([-1, 2], "float32", "a"),
    spec([-1, 1], "int32", "b"),
    spec([3], "float32", "c"),
    spec([-1, 4], "float32", "d"),
  ];
  const a = { dtype: "float32", shape: [70, 2], data: Float32Array.from({ length: 140 }, (_, i) => i) } as const;
  const b = { dtype: "int32", shape: [70, 1], data: Int32Array.from({ length: 70 }, (_, i) => i) } as const;
  const c = { dtype: "float32", shape: [3], data: new Float32Array(3) } as const;
  const batches = [...tensorBatches({ inputs }, { a, b, c }, {})].map((batch) => new Map(Object.entries(batch)));
  const tensorOf = (batch: (typeof batches)[number], name: string): InputTensor => batch.get(name) as InputTensor;
  expect(batches.flatMap((batch) => [...tensorOf(batch, "a").data])).toEqual([...a.data]);
  expect(batches.flatMap((batch) => [...tensorOf(batch, "b").data])).toEqual([...b.data]);
  for (const batch of batches) {
    expect(tensorOf(batch, "c").shape).toEqual([3]);
    expect(tensorOf(batch, "d").shape).toEqual([tensorOf(batch, "a").shape[0], 4]);
  }
  expect(() => commonItemCount({ inputs }, { a, b: { ...b, shape: [7, 10] } })).toThrow(
    /as many items for "b" as for "a", which has 70, received 7/,
  );
});
