import { setBackend } from "@tensorflow/tfjs-core";
import { inspectModel } from "../../../src/model/inspect.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import type { ModelCase } from "../../fixtures/case-files.js";
import { relativeDifference } from "../../fixtures/close.js";
import { runStages, runWire } from "../../fixtures/run-wires.js";

export interface CaseResult {
  /** "refused" as soon as the model is read; "failed" when it runs. */
  readonly verdict: "right" | "refused" | "wrong" | "failed";
  readonly detail: string;
}

const TOLERANCE = 1e-4;
/** Of models that compute with float16. */
const HALF_TOLERANCE = 2e-3;

/** Run a case whole in one call, and cut at every place at once, on one backend of TF.js. */
export async function runCase(
  { name, artifacts, inputs, outputs }: ModelCase,
  backend: "wasm" | "cpu",
  optimize: boolean,
): Promise<CaseResult> {
  await setBackend(backend);
  let model: ReturnType<typeof inspectModel>;
  try {
    model = inspectModel(artifacts, true, optimize);
  } catch (thrown) {
    return { verdict: "refused", detail: messageOf(thrown) };
  }
  const { info, wire, staged } = model;
  const tolerance = /float16|half/.test(name) ? HALF_TOLERANCE : TOLERANCE;
  const judge = (received: Readonly<Record<string, Tensor>>, how: string): CaseResult => {
    const byName = Object.keys(received).some((key) => outputs.some(([expected]) => expected === key));
    for (const [index, [key, expected]] of outputs.entries()) {
      const tensor = received[byName ? key : info.outputs[index]!.name];
      if (tensor === undefined) return { verdict: "wrong", detail: `${how}: no output ${key}` };
      if (expected.dtype === "complex64") return { verdict: "wrong", detail: `${how}: ${key} is complex` };
      if (tensor.dtype !== expected.dtype || tensor.shape.join() !== expected.shape.join())
        return {
          verdict: "wrong",
          detail: `${how}: ${key} is ${tensor.dtype}[${tensor.shape.join()}], not ${expected.dtype}[${expected.shape.join()}]`,
        };
      const isText = expected.dtype === "string";
      const difference = isText
        ? Number(tensor.data.join("\0") !== expected.data.join("\0"))
        : relativeDifference(tensor, expected);
      if (!(difference <= tolerance)) return { verdict: "wrong", detail: `${how}: ${key} differs by ${difference}` };
    }
    return { verdict: "right", detail: "" };
  };
  try {
    const whole = judge(await runWire(wire, inputs), "whole");
    if (whole.verdict !== "right" || staged === undefined) return whole;
    const cuts = staged.layers.map((_, index) => index).slice(1);
    const feeds = Object.fromEntries(Object.entries(inputs).map(([key, tensor]) => [staged.inputKeys[key]!, tensor]));
    const received = await runStages(staged.stages(cuts), feeds);
    const named = Object.entries(staged.outputKeys).map(([key, tensorKey]): [string, Tensor] => [
      key,
      received[tensorKey]!,
    ]);
    return judge(Object.fromEntries(named), "cut");
  } catch (thrown) {
    return { verdict: "failed", detail: messageOf(thrown) };
  }
}
