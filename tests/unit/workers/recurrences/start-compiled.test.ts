// Models with recurrent nodes load the compiled kernels, and only on WASM. Oracle: the same nodes as TF.js's kernels, on its CPU backend.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { compiledRecurrences, offerKernels } from "../../../../workers/engines/tfjs/recurrences/start-compiled.js";
import { relativeDifference } from "../../../fixtures/close.js";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { noiseFor, runWire } from "../../../fixtures/run-wires.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";

/** One layer of a model is covered by the kernels, the other's activation isn't. */
async function wireOf(hasRecurrences: boolean) {
  const model = sequential({
    layers: hasRecurrences
      ? [
          layers.gru({ units: 5, returnSequences: true, inputShape: [4, 3] }),
          layers.lstm({ units: 6, activation: "elu", recurrentActivation: "sigmoid" }),
        ]
      : [layers.dense({ units: 2, inputShape: [3] })],
  });
  return inspectModel(await artifactsOf(model), true, true).wire;
}

describe("the compiled kernels", () => {
  it("are loaded for the first model that has recurrent nodes, on WASM, and done without if they can't be", async () => {
    await setBackend("cpu");
    const wire = await wireOf(true);
    const inputs = noiseFor(wire.inputs, 9);
    const [expected] = Object.values(await runWire(wire, inputs)) as [Tensor];
    expect(compiledRecurrences()).toBeUndefined();

    await useWasm();
    const dense = await wireOf(false);
    await runWire(dense, noiseFor(dense.inputs, 1));
    expect(compiledRecurrences()).toBeUndefined();

    offerKernels(() => Promise.reject(new Error("Failed to fetch dynamically imported module")));
    const [without] = Object.values(await runWire(wire, inputs)) as [Tensor];
    expect(compiledRecurrences()).toBeUndefined();
    expect(relativeDifference(without, expected)).toBeLessThan(1e-5);

    await useWasm();
    const [received] = Object.values(await runWire(wire, inputs)) as [Tensor];
    expect(compiledRecurrences()?.heapBytes).toBeGreaterThan(0);
    expect(relativeDifference(received, expected)).toBeLessThan(1e-5);

    await setBackend("cpu");
    const [again] = Object.values(await runWire(wire, inputs)) as [Tensor];
    expect(again).toEqual(expected);
  });
});
