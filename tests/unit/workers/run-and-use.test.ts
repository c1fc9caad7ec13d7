// Engines whose outputs lie in memory of their own: each is copied once, to where it belongs.
import { describe, expect, it } from "vitest";
import { joinItems } from "../../../src/protocol/outputs.js";
import { SpareBuffers } from "../../../src/protocol/spare-buffers.js";
import type { InputTensor, Tensor } from "../../../src/protocol/tensors.js";
import type { RunInput, RunRequest } from "../../../src/protocol/worker-api.js";
import { CallChoices } from "../../../workers/runtime/call-choices.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "../../../workers/runtime/engine.js";
import { runItems } from "../../../workers/runtime/run-items.js";
import { counting } from "../../fixtures/tensors.js";

const dense = (tensor: InputTensor): RunInput => ({ kind: "dense", tensor, itemShape: [1, ...tensor.shape.slice(1)] });
type Mode = Pick<RunRequest, "mode" | "calls">;
const modes: readonly Mode[] = [
  { mode: "item-by-item" },
  { mode: "batched", calls: { firstItemCount: 4 } },
  { mode: "batched", calls: { firstItemCount: 100 } },
];

/** A model whose outputs are overwritten as soon as they have been used. */
function modelOf(answer: (inputs: NamedInputs, call: number) => NamedOutputs): EngineModel {
  let call = 0;
  return {
    onlyReadsInputs: true,
    run: () => Promise.reject(new Error("its outputs need not be copied by the engine")),
    async runAndUse(inputs, use) {
      const outputs = structuredClone(answer(inputs, call++));
      const value = use(outputs);
      for (const { data } of Object.values(outputs)) if (!Array.isArray(data)) data.fill(-1);
      return value;
    },
    dispose() {},
  };
}

function run(model: EngineModel, x: Tensor, mode: Mode, spare?: SpareBuffers) {
  const work = { ...mode, itemCount: x.shape[0]!, inputs: { x: dense(structuredClone(x)) }, forwardedNames: [] };
  const choice = mode.mode === "batched" ? new CallChoices().of(work) : undefined;
  return runItems(
    model,
    work,
    { checkpoint: async () => {}, handOver: () => {}, signal: new AbortController().signal },
    choice,
    spare,
  );
}

/** The rows of the input, twice. */
const double: (inputs: NamedInputs) => NamedOutputs = ({ x }) => ({
  y: { dtype: "float32", shape: [...x!.shape], data: Float32Array.from(x!.data as Float32Array, (value) => 2 * value) },
});

describe("an engine whose outputs are used where they lie", () => {
  it.each(modes)("gives each item's row: $mode, $calls", async (mode) => {
    const x = counting("float32", [21, 3]) as Tensor & { dtype: "float32" };
    const doubled = { ...x, data: x.data.map((value) => 2 * value) };
    expect(await run(modelOf(double), x, mode)).toEqual({ y: { kind: "dense", tensor: doubled, itemShape: [1, 3] } });
  });

  it.each(modes)("puts them into a spare buffer that is large enough: $mode, $calls", async (mode) => {
    const x = counting("float32", [21, 1024]) as Tensor & { dtype: "float32" };
    const lent = new ArrayBuffer(2 ** 17);
    new Uint8Array(lent).fill(7);
    const spare = new SpareBuffers();
    spare.give([lent]);
    const { y } = await run(modelOf(double), x, mode, spare);
    if (y?.kind !== "dense") throw new Error("expected one tensor");
    expect((y.tensor.data as Float32Array).buffer).toBe(lent);
    expect(y.tensor).toEqual({ ...x, data: x.data.map((value) => 2 * value) });
    expect(spare.all).toEqual([]);
  });

  it("gives items one by one from the first that differs on, with those before it", async () => {
    const items = [0, 1, 2, 3].map((call) =>
      counting(call === 3 ? "int32" : "float32", call === 2 ? [1, 3] : [1, 2], 10 * call),
    );
    const model = modelOf((_, call) => ({ y: items[call]! }));
    expect(await run(model, counting("float32", [4, 1]), modes[0]!)).toEqual({ y: joinItems(items) });
  });

  it.each([modes[1]!, modes[2]!])("shows a call without a row for each item: $calls", async (mode) => {
    const sum: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(3) };
    const { y } = await run(
      modelOf(() => ({ y: sum })),
      counting("float32", [21, 1]),
      mode,
    );
    const isWhole = mode === modes[2];
    expect(y).toEqual(isWhole ? { kind: "dense", tensor: sum, itemShape: [1] } : { kind: "ragged", items: [sum] });
  });
});
