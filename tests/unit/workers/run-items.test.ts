// How the runner calls an engine's model, and how it combines the answers.
import { describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { splitItems, type ShardOutput } from "../../../src/protocol/outputs.js";
import { isShared } from "../../../src/protocol/share-tensor.js";
import type { InputTensor, Tensor } from "../../../src/protocol/tensors.js";
import type { RunInput } from "../../../src/protocol/worker-api.js";
import type { Turn } from "../../../workers/runtime/attempt-queue.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "../../../workers/runtime/engine.js";
import { runItems } from "../../../workers/runtime/run-items.js";
import { rejected } from "../../fixtures/caught.js";
import { counting } from "../../fixtures/tensors.js";

type Answer = (inputs: NamedInputs, call: number) => NamedOutputs;

/** A model that records the tensors of its calls and overwrites their buffers, as an engine may. */
function modelOf(answer: Answer) {
  const calls: NamedInputs[] = [];
  const model: EngineModel = {
    async run(inputs) {
      calls.push(structuredClone(inputs));
      const outputs = answer(inputs, calls.length - 1);
      for (const tensor of Object.values(inputs)) {
        if (!Array.isArray(tensor.data) && !isShared(tensor)) tensor.data.fill(99);
      }
      return outputs;
    },
    dispose() {},
  };
  return { model, calls };
}

const noCheck: Turn = { checkpoint: async () => {}, handOver: () => {}, signal: new AbortController().signal };
const dense = (tensor: InputTensor, itemShape = [1, ...tensor.shape.slice(1)]): RunInput => ({
  kind: "dense",
  tensor,
  itemShape,
});
const side = (tensor: InputTensor): RunInput => ({ kind: "side", tensor });
const tensors = (output: ShardOutput | undefined) => (output === undefined ? undefined : splitItems(output));
const copyOf = (tensor: InputTensor): Tensor => structuredClone(tensor) as Tensor;

describe("batched", () => {
  it("makes one call with the tensors unchanged, and returns each output as dense, whatever its shape", async () => {
    const scalar: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(3) };
    const { model, calls } = modelOf(({ x }) => ({ y: copyOf(x!), sum: scalar }));
    const [x, s] = [counting("float32", [3, 2]), counting("int32", [4])];
    const outputs = await runItems(
      model,
      { mode: "batched", itemCount: 3, inputs: { x: dense(copyOf(x)), s: side(copyOf(s)) }, forwardedNames: [] },
      noCheck,
    );
    expect(calls).toEqual([{ x, s }]);
    expect(outputs).toEqual({
      y: { kind: "dense", tensor: x, itemShape: [1, 2] },
      sum: { kind: "dense", tensor: scalar, itemShape: [1] },
    });
  });

  it("accepts a single item of any shape, and refuses several of different shapes", async () => {
    const { model } = modelOf(({ x }) => ({ y: copyOf(x!) }));
    const items = [counting("float32", [1, 2]), counting("float32", [1, 3])];
    const work = { mode: "batched", itemCount: 1, forwardedNames: [] } as const;
    const outputs = await runItems(model, { ...work, inputs: { x: { kind: "ragged", items: [items[0]!] } } }, noCheck);
    expect(tensors(outputs.y)).toEqual([counting("float32", [1, 2])]);
    await rejected("internal", runItems(model, { ...work, inputs: { x: { kind: "ragged", items } } }, noCheck));
  });
});

describe("item by item", () => {
  it("makes a call for each item in its own shape, with the side inputs in each", async () => {
    const { model, calls } = modelOf(({ x, s }) => ({ y: copyOf(x!), s: copyOf(s!) }));
    const [x, s] = [counting("float32", [3, 2]), counting("float32", [2])];
    const outputs = await runItems(
      model,
      {
        mode: "item-by-item",
        itemCount: 3,
        // A model may return items without a leading 1.
        inputs: { x: dense(copyOf(x), [2]), s: side(copyOf(s)) },
        forwardedNames: [],
      },
      noCheck,
    );
    expect(calls).toEqual([0, 1, 2].map((item) => ({ x: counting("float32", [2], 2 * item), s })));
    expect(outputs).toEqual({
      y: { kind: "dense", tensor: x, itemShape: [2] },
      s: { kind: "dense", tensor: { ...s, shape: [3, 2], data: Float32Array.of(0, 1, 0, 1, 0, 1) }, itemShape: [2] },
    });
  });

  it("returns outputs of different shapes as single tensors, and accepts such items", async () => {
    const items = [counting("float32", [1, 2]), counting("float32", [1, 3], 5), counting("float32", [1, 0])];
    const { model, calls } = modelOf(({ x }) => ({ y: copyOf(x!) }));
    const inputs = { x: { kind: "ragged", items: items.map(copyOf) } } as const;
    const work = { mode: "item-by-item", itemCount: 3, inputs, forwardedNames: [] } as const;
    expect(await runItems(model, work, noCheck)).toEqual({ y: { kind: "ragged", items } });
    expect(calls.map(({ x }) => x)).toEqual(items);
  });

  it("passes shared side inputs to every call without a copy", async () => {
    const shared: Tensor = { dtype: "float32", shape: [2], data: new Float32Array(new SharedArrayBuffer(8)) };
    const seen = new Set<unknown>();
    const { model } = modelOf(({ s }) => (seen.add(s!.data), { y: counting("float32", [1]) }));
    const inputs = { x: dense(counting("float32", [3, 1])), s: side(shared) };
    await runItems(model, { mode: "item-by-item", itemCount: 3, inputs, forwardedNames: [] }, noCheck);
    expect([...seen]).toEqual([shared.data]);
  });

  it("supports outputs of any name", async () => {
    const named = Object.fromEntries(
      ["constructor", "toString", "__proto__"].map((name) => [name, counting("bool", [1])]),
    );
    const { model } = modelOf(() => named);
    const work = { mode: "item-by-item", itemCount: 2, inputs: { x: dense(counting("float32", [2, 1])) } } as const;
    const outputs = await runItems(model, { ...work, forwardedNames: ["toString"] }, noCheck);
    expect(Object.keys(outputs)).toEqual(Object.keys(named));
  });

  it("refuses a run with too few items", async () => {
    const { model } = modelOf(({ x }) => ({ y: copyOf(x!) }));
    for (const x of [dense(counting("float32", [2, 1])), { kind: "ragged" as const, items: [] }]) {
      const work = { mode: "item-by-item", itemCount: 3, inputs: { x }, forwardedNames: [] } as const;
      await rejected("internal", runItems(model, work, noCheck));
    }
  });

  it("checks for a cancel between calls, about every 20 ms, and rejects with whatever the check throws", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { model, calls } = modelOf(() => (vi.advanceTimersByTime(6), { y: counting("float32", [1]) }));
      const callsAtCheck: number[] = [];
      const inputs = { x: dense(counting("float32", [100, 1])) };
      const work = { mode: "item-by-item", itemCount: 100, inputs, forwardedNames: [] } as const;
      const cancelled = runItems(model, work, {
        ...noCheck,
        checkpoint: async () => {
          callsAtCheck.push(calls.length);
          if (callsAtCheck.length === 3) throw new ShardError("aborted", "Enough.");
        },
      });
      await rejected("aborted", cancelled);
      expect([callsAtCheck, calls.length]).toEqual([[4, 8, 12], 12]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("outputs that are forwarded", () => {
  it.each(["batched", "item-by-item"] as const)("are the only ones in shared memory: %s", async (mode) => {
    const { model } = modelOf(({ x }) => ({ a: copyOf(x!), b: copyOf(x!), words: counting("string", [1]) }));
    const inputs = { x: dense(counting("float32", [1, 2])) };
    const outputs = await runItems(model, { mode, itemCount: 1, inputs, forwardedNames: ["a", "words"] }, noCheck);
    const areShared = Object.entries(outputs).map(([name, output]) => [
      name,
      output.kind === "dense" && isShared(output.tensor),
    ]);
    expect(areShared).toEqual([
      ["a", true],
      ["b", false],
      ["words", false],
    ]);
    expect(tensors(outputs.a)).toEqual(tensors(outputs.b));
  });

  it("are shared one by one if they differ in shape", async () => {
    const { model } = modelOf((_, call) => ({ y: counting("float32", [call + 1]) }));
    const inputs = { x: dense(counting("float32", [2, 1])) };
    const work = { mode: "item-by-item", itemCount: 2, inputs, forwardedNames: ["y"] } as const;
    const { y } = await runItems(model, work, noCheck);
    expect(y).toEqual({ kind: "ragged", items: [counting("float32", [1]), counting("float32", [2])] });
    expect(tensors(y)!.every(isShared)).toBe(true);
  });
});
