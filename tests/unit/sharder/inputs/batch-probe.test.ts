// The trial of a batch, on models that are plain functions.
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { BackendName } from "../../../../src/pool/worker-entries.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { probeBatch, trialWorker, type RunOnce, type Trial } from "../../../../src/sharder/inputs/batch-probe.js";
import type { PreparedInputs } from "../../../../src/sharder/inputs/prepare-inputs.js";
import { probeItems } from "../../../../src/sharder/inputs/probe-items.js";
import { rejected } from "../../../fixtures/caught.js";

const floats = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});
const prepared = (x: Tensor): PreparedInputs => ({
  tensors: { x },
  itemCount: x.shape[0]!,
  batchedNames: ["x"],
  fixedMode: undefined,
  groupItemCount: 1,
  shapeClass: "x",
});
const some = floats([2, 3], 0.1, 0.5, 0.2, 0.9, 0.4, 0.3);

/** A model of rows of three numbers, and what becomes of each row, given all of them. */
const model =
  (rowOf: (row: readonly number[], all: readonly (readonly number[])[], index: number) => readonly number[]): RunOnce =>
  async ({ x }) => {
    const all = Array.from({ length: x!.shape[0]! }, (_, i) => [
      ...(x!.data as Float32Array).subarray(3 * i, 3 * i + 3),
    ]);
    const rows = all.map((row, index) => rowOf(row, all, index));
    return { y: floats([rows.length, rows[0]!.length], ...rows.flat()) };
  };
const modeOf = async (run: RunOnce, trial: Partial<Trial> = {}, x = some) =>
  (await probeBatch(prepared(x), { run, isExact: true, isMixed: false, ...trial }))?.mode;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe("a trial finds", () => {
  it("rows that depend on nothing else", async () => {
    expect(await modeOf(model((row) => row.map((value) => -value)))).toBe("batched");
  });

  it.each<[string, Parameters<typeof model>[0]]>([
    ["the sum", (row, all) => row.map((value) => value + sum(all.flat()))],
    ["the largest", (row, all) => row.map((value) => value / Math.max(...all.flat().map(Math.abs)))],
    ["the smallest", (row, all) => row.map((value) => value - Math.min(...all.flat()))],
    ["the norm", (row, all) => row.map((value) => value * Math.hypot(...all.flat()))],
    ["the number of signs", (row, all) => row.map((value) => value + all.flat().filter((each) => each < 0).length)],
    ["a faint mean", (row, all) => row.map((value) => value + 1e-3 * sum(all.map(([first]) => first!)))],
    ["the order", (_, all, index) => all.at(index - 1)!],
    ["the number of items", (row, all) => row.map((value) => value * all.length)],
  ])("that the items depend on each other by %s", async (what, rowOf) => {
    expect(await modeOf(model(rowOf))).toBe("whole");
    // Also where all elements are alike, and whole numbers.
    // These are never made negative.
    for (const value of what.includes("signs") ? [0.5] : [0, 1, 0.5])
      expect(await modeOf(model(rowOf), {}, floats([2, 3], ...Array.from({ length: 6 }, () => value)))).toBe("whole");
  });

  it("outputs without a row for each item, after one call", async () => {
    let callCount = 0;
    const run: RunOnce = async () => (callCount++, { y: floats([2], 1, 2) });
    expect([await modeOf(run), callCount]).toEqual(["whole", 1]);
  });

  it("a batch that runs at one size and where an item is stretched", async () => {
    const table = [0, 1, 2, 3];
    const fixed =
      (isReduced: boolean): RunOnce =>
      async ({ x }) => {
        const count = x!.shape[0]!;
        if (count !== 1 && count !== 4) throw new ShardError("model-failed", "shapes differ");
        const rows = table.map((each) => each + (x!.data[count === 1 ? 0 : 3 * each] as number));
        if (isReduced && count === 1) return { y: floats([1, 1], sum(rows)) };
        return { y: isReduced ? floats([4, 1], ...rows.map(() => sum(rows))) : floats([4, 1], ...rows) };
      };
    const four = floats([4, 3], ...Array.from({ length: 12 }, (_, index) => index / 7));
    for (const isReduced of [false, true]) expect(await modeOf(fixed(isReduced), {}, four)).toBe("whole");
    expect(await modeOf(fixed(false))).toBe("whole");
    expect(await modeOf(fixed(true))).toBe("item-by-item");
  });

  it("which of a batch and an item fails", async () => {
    const fails =
      (isBad: (count: number) => boolean): RunOnce =>
      async ({ x }) => {
        if (isBad(x!.shape[0]!)) throw new ShardError("model-failed", "does not fit");
        return { y: x as Tensor };
      };
    expect(await modeOf(fails((count) => count > 1))).toBe("item-by-item");
    expect(await modeOf(fails((count) => count < 2))).toBe("whole");
    await rejected("model-failed", modeOf(fails(() => true)));
  });

  it("only whether a batch runs, where its items are known to depend on each other", async () => {
    const counts: number[] = [];
    const run: RunOnce = async ({ x }) => (counts.push(x!.shape[0]!), { y: x as Tensor });
    expect([await modeOf(run, { isMixed: true }), counts]).toEqual(["whole", [3]]);
  });

  it("nothing if a worker is lost, or if the items are empty", async () => {
    const lost: RunOnce = () => Promise.reject(new ShardError("worker-lost", "gone"));
    await rejected("worker-lost", modeOf(lost));
    expect(await modeOf(lost, {}, floats([2, 0]))).toBeUndefined();
  });

  it("no difference in rounding, which GPUs may have for larger shapes", async () => {
    const rounds = model((row, all) => row.map((value) => value * (1 + (all.length > 1 ? 1e-4 : 0))));
    expect(await modeOf(rounds, { isExact: false })).toBe("batched");
    expect(await modeOf(rounds)).toBe("whole");
  });
});

describe("the items of a trial", () => {
  const three = (x: Tensor) => probeItems({ x }, ["x"])!.map((item) => [...item.x!.data] as (number | string)[]);

  it("begin with the first of the batch, and differ in sum, extremes, norm and sign", () => {
    const items = three(some) as number[][];
    expect(items[0]).toEqual([...some.data.slice(0, 3)]);
    for (const of of [
      sum,
      (each: number[]) => Math.max(...each),
      (each: number[]) => Math.min(...each),
      (each: number[]) => Math.hypot(...each),
    ]) {
      expect(new Set(items.map(of)).size).toBe(3);
    }
    expect(items.flat().some((value) => value < 0)).toBe(true);
  });

  it("keep whole numbers within those of the batch, since they may be indices", () => {
    for (const dtype of ["int32", "float32"] as const) {
      const data = dtype === "int32" ? Int32Array.of(7, 3, 5, 12) : Float32Array.of(7, 3, 5, 12);
      const items = three({ dtype, shape: [2, 2], data } as Tensor) as number[][];
      expect(items.flat().every((value) => Number.isInteger(value) && value >= 3 && value <= 12)).toBe(true);
      expect(new Set(items.map((item) => item.join())).size).toBe(3);
    }
    const zeros = three({ dtype: "int32", shape: [1, 4], data: new Int32Array(4) }) as number[][];
    expect(zeros.flat().every((value) => value === 0 || value === 1)).toBe(true);
  });

  it("may be flags, texts, or numbers that are not finite", () => {
    const flags = three({ dtype: "bool", shape: [1, 3], data: Uint8Array.of(1, 0, 1) });
    expect(new Set(flags.map((item) => item.join())).size).toBe(3);
    const texts = three({ dtype: "string", shape: [1, 2], data: ["a", "bc"] });
    expect(new Set(texts.map((item) => item.join())).size).toBe(3);
    const odd = three(floats([1, 3], NaN, Infinity, 0.5)) as number[][];
    expect(odd.slice(1).flat().every(Number.isFinite)).toBe(true);
  });
});

it("is made on an exact worker, and on a server only where there is nothing else", () => {
  const on = (...backends: BackendName[]) =>
    trialWorker(backends.map((backend) => ({ spec: { backend } })))?.spec.backend;
  expect([on("remote", "webgpu", "wasm"), on("remote", "webgpu"), on("remote"), on()]).toEqual([
    "wasm",
    "webgpu",
    "remote",
    undefined,
  ]);
});

it.each(["worker-lost", "server-busy", "server-failed"] as const)(
  "shows nothing where its worker is lost (%s)",
  async (code) => {
    const run: RunOnce = async ({ x }) => {
      if (x!.shape[0]! > 1) throw new ShardError(code, "gone");
      return { y: x as Tensor };
    };
    await rejected(code, probeBatch(prepared(some), { run, isExact: true, isMixed: false }));
  },
);
