import { setBackend } from "@tensorflow/tfjs-core";
import { ShardError } from "../../../src/core/errors.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { messageOf } from "../../../src/protocol/error-record.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import { nameInputs } from "../../conformance/case-record.js";
import { compareWithCase } from "../../conformance/compare-case.js";
import type { ModelCase } from "../../fixtures/case-files.js";
import { runStages, runWire } from "../../fixtures/run-wires.js";

export interface CaseResult {
  /** "refused": a ShardError says why before the model has run, or for the reason that the case names; "failed": anything else thrown. */
  readonly verdict: "right" | "refused" | "wrong" | "failed";
  readonly detail: string;
}

/** Run a case whole in one call, and cut at every place at once, on one backend of TF.js. */
export async function runCase(modelCase: ModelCase, backend: "wasm" | "cpu", optimize: boolean): Promise<CaseResult> {
  await setBackend(backend);
  let model: ReturnType<typeof inspectModel>;
  try {
    model = inspectModel(modelCase.artifacts, true, optimize);
  } catch (thrown) {
    return { verdict: "refused", detail: messageOf(thrown) };
  }
  const { info, wire, staged } = model;
  const inputs = nameInputs(modelCase.inputs, info.inputs);
  const judge = (received: Readonly<Record<string, Tensor>>, how: string): CaseResult => {
    const { problem: gap } = compareWithCase(
      modelCase,
      received,
      info.outputs.map(({ name }) => name),
    );
    return gap === "" ? { verdict: "right", detail: "" } : { verdict: "wrong", detail: `${how}: ${gap}` };
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
    const detail = messageOf(thrown);
    const isHonest = thrown instanceof ShardError && modelCase.refused?.test(detail) === true;
    return { verdict: isHonest ? "refused" : "failed", detail };
  }
}
