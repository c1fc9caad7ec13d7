// How a batch is carried out in calls, and how the answers are gathered.
import { describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { InputTensor, Tensor } from "../../../src/protocol/tensors.js";
import type { RunInput } from "../../../src/protocol/worker-api.js";
import { CallChoices } from "../../../workers/runtime/call-choices.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "../../../workers/runtime/engine.js";
import { runItems } from "../../../workers/runtime/run-items.js";
import { rejected } from "../../fixtures/caught.js";
import { counting } from "../../fixtures/tensors.js";

const noCheck = async () => {};
const dense = (tensor: InputTensor): RunInput => ({ kind: "dense", tensor, itemShape: [1, ...tensor.shape.slice(1)] });
const copyOf = (tensor: InputTensor): Tensor => structuredClone(tensor) as Tensor;

/** A model that records how many items each call has. Unless it only reads its inputs, it overwrites them, as an engine may. */
function modelOf(answer: (inputs: NamedInputs, count: number, call: number) => NamedOutputs, onlyReadsInputs = false) {
  const counts: number[] = [];
  const model: EngineModel = {
    onlyReadsInputs,
    async run(inputs) {
      const count = inputs.x!.shape[0]!;
      counts.push(count);
      const outputs = answer(inputs, count, counts.length - 1);
      for (const { data } of Object.values(inputs)) if (!Array.isArray(data) && !onlyReadsInputs) data.fill(99);
      return outputs;
    },
    dispose() {},
  };
  return { model, counts };
}

function workOf(inputs: Record<string, RunInput>, itemCount: number, firstItemCount?: number) {
  return { mode: "batched", itemCount, inputs, forwardedNames: [], calls: { firstItemCount } } as const;
}

const run = (
  model: EngineModel,
  work: ReturnType<typeof workOf>,
  { choices = new CallChoices(), check = noCheck }: { choices?: CallChoices; check?: () => Promise<void> } = {},
) =>
  runItems(
    model,
    work,
    { checkpoint: check, handOver: () => {}, signal: new AbortController().signal },
    choices.of(work),
  );

describe("a batch in calls", () => {
  it.each([false, true])(
    "gives what one call gives, with side inputs in each: only reads its inputs: %s",
    async (reads) => {
      const { model, counts } = modelOf(
        ({ x, s, words }) => ({
          y: copyOf(x!),
          z: copyOf(words!),
          s: copyOf({ ...x!, data: x!.data.map((value) => Number(value) * Number(s!.data[1])) } as Tensor),
        }),
        reads,
      );
      const [x, s, words] = [counting("float32", [21, 2]), counting("float32", [2], 2), counting("string", [21, 1])];
      const outputs = await run(
        model,
        workOf({ x: dense(copyOf(x)), s: { kind: "side", tensor: copyOf(s) }, words: dense(copyOf(words)) }, 21, 4),
      );
      expect(counts.length).toBeGreaterThan(2);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(21);
      const times3 = { ...x, data: Float32Array.from(x.data as Float32Array, (value) => 3 * value) };
      expect(outputs).toEqual({
        y: { kind: "dense", tensor: x, itemShape: [1, 2] },
        z: { kind: "dense", tensor: words, itemShape: [1, 1] },
        s: { kind: "dense", tensor: times3, itemShape: [1, 2] },
      });
    },
  );

  it("passes views of the shard's memory to an engine that only reads its inputs", async () => {
    const x = counting("float32", [16, 2]);
    const buffers = new Set<unknown>();
    const { model } = modelOf(
      ({ x: part }) => (
        buffers.add((part!.data as Float32Array).buffer),
        { y: copyOf(counting("float32", part!.shape.slice())) }
      ),
      true,
    );
    await run(model, workOf({ x: dense(x) }, 16, 2));
    expect([...buffers]).toEqual([(x.data as Float32Array).buffer]);
  });

  it.each([
    ["a row too few", (count: number) => counting("float32", [count - 1, 2])],
    ["the same rows whatever the call", () => counting("float32", [24, 2])],
    ["a scalar", () => counting("float32", [])],
    [
      "rows of another shape in later calls",
      (count: number, call: number) => counting("float32", [count, call > 1 ? 3 : 2]),
    ],
    [
      "another dtype in later calls",
      (count: number, call: number) => counting(call > 1 ? "int32" : "float32", [count, 2]),
    ],
  ])("shows the page that outputs have no row for each item: %s", async (_, answer) => {
    const { model } = modelOf((_inputs, count, call) => ({ y: answer(count, call) }));
    const { y } = await run(model, workOf({ x: dense(counting("float32", [24, 2])) }, 24, 4));
    expect(y!.kind).toBe("ragged");
  });

  it("returns one call's outputs as they are, whatever their rows", async () => {
    const { model, counts } = modelOf(() => ({ y: counting("float32", [7]) }));
    const { y } = await run(model, workOf({ x: dense(counting("float32", [4, 2])) }, 4, 4));
    expect(counts).toEqual([4]);
    expect(y).toEqual({ kind: "dense", tensor: counting("float32", [7]), itemShape: [1] });
  });

  it("learns from its calls, for each class of items by itself, and says so once it has compared", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { model, counts } = modelOf(({ x }, count) => {
        vi.advanceTimersByTime(20 + count);
        return { y: copyOf(x!) };
      });
      const choices = new CallChoices();
      const wide = workOf({ x: dense(counting("float32", [8, 3])) }, 8);
      for (let shard = 0; shard < 30; shard++) {
        await run(model, workOf({ x: dense(counting("float32", [64, 2])) }, 64), { choices });
      }
      expect(choices.of(workOf({ x: dense(counting("float32", [64, 2])) }, 64))!.measuredItemCount()).toBeGreaterThan(
        8,
      );
      expect(counts.at(-1)).toBeGreaterThan(8);
      expect(choices.of(wide)!.measuredItemCount()).toBeUndefined();
      await run(model, wide, { choices });
      expect(counts.at(-1)).toBeLessThanOrEqual(4);
    } finally {
      vi.useRealTimers();
    }
  });

  it("checks for a cancel between calls, about every 20 ms", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { model, counts } = modelOf(({ x }) => (vi.advanceTimersByTime(11), { y: copyOf(x!) }));
      let checkCount = 0;
      const check = async () => {
        checkCount++;
        throw new ShardError("aborted", "Enough.");
      };
      await rejected("aborted", run(model, workOf({ x: dense(counting("float32", [100, 1])) }, 100, 4), { check }));
      expect([checkCount, counts.length]).toEqual([1, 2]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("makes smaller calls after one that ran out of memory", async () => {
    const { model, counts } = modelOf(({ x }, count) => {
      if (count > 4) throw new ShardError("out-of-memory", "Too large.");
      return { y: copyOf(x!) };
    });
    const choices = new CallChoices();
    const work = () => workOf({ x: dense(counting("float32", [32, 1])) }, 32, 16);
    await rejected("out-of-memory", run(model, work(), { choices }));
    await rejected("out-of-memory", run(model, work(), { choices }));
    await run(model, work(), { choices });
    expect(Math.max(...counts.slice(2))).toBeLessThanOrEqual(4);
  });

  it("is one call unless the request allows several, and for items of different shapes", () => {
    const { calls, ...plain } = workOf({ x: dense(counting("float32", [8, 1])) }, 8);
    expect(calls).toBeDefined();
    expect(new CallChoices().of(plain)).toBeUndefined();
    expect(new CallChoices().of({ ...plain, calls, mode: "item-by-item" })).toBeUndefined();
    expect(
      new CallChoices().of(workOf({ x: { kind: "ragged", items: [counting("float32", [1, 1])] } }, 1)),
    ).toBeUndefined();
  });
});
