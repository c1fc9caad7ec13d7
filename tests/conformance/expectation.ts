import type { BatchMode, InputTensor, OutputValue, TensorSpec } from "inference-sharder";
import { nameInputs, readCaseFile, type StoredCase } from "./case-record.js";
import { compareWithCase, type CaseComparison } from "./compare-case.js";
import { outputsDifference } from "./compare.js";
import { runReference, type Reference } from "./reference.js";

/** What a model is held to, whatever engine runs it. */
export interface Expectation {
  /** Whose values these are. */
  readonly oracle: string;
  /** Of a `.tflite` file that has several. */
  readonly signature: string | undefined;
  /** The reason for which the model may be refused, or must be where there are no values. */
  readonly refused: RegExp | undefined;
  readonly mustBeRefused: boolean;
  readonly inputsFor: (specs: readonly TensorSpec[]) => Readonly<Record<string, InputTensor>>;
  /** @param order the model's own names of outputs */
  readonly judge: (
    received: Readonly<Record<string, OutputValue>>,
    order: readonly string[],
    batchMode: BatchMode | undefined,
  ) => CaseComparison;
}

/** Of the largest value, between TF.js's own run and another engine's. */
const TOLERANCE = 1e-4;
const ITEM_COUNT = 3;

/** @param values the address of what the model's own framework has computed. */
export async function storedExpectation(name: string, values: string): Promise<Expectation> {
  const response = await fetch(values);
  if (!response.ok) throw new Error(`Expected values at ${values}, received status ${response.status}.`);
  const stored: StoredCase = readCaseFile(await response.text(), name);
  return {
    oracle: "recorded values",
    signature: stored.signature,
    refused: stored.refused,
    mustBeRefused: stored.outputs.length === 0,
    inputsFor: (specs) => nameInputs(stored.inputs, specs),
    judge: (received, order, batchMode) =>
      compareWithCase(stored, batchMode === "item-by-item" ? unstacked(stored, received, order) : received, order),
  };
}

/** Of a model that runs item by item, outputs without a leading 1 are stacked, even where there is one item. The values are of its own call. */
function unstacked(
  { outputs }: StoredCase,
  received: Readonly<Record<string, OutputValue>>,
  order: readonly string[],
): Record<string, OutputValue> {
  const shapes = new Map(
    outputs.flatMap(([key, tensor], index) =>
      "shape" in tensor ? [[order.includes(key) ? key : order[index], tensor.shape.join()] as const] : [],
    ),
  );
  return Object.fromEntries(
    Object.entries(received).map(([name, value]) => {
      const [count, ...rest] = value.dtype === "ragged" ? [] : value.shape;
      const isStacked = count === 1 && rest.join() === shapes.get(name);
      return [name, isStacked ? ({ ...value, shape: rest } as OutputValue) : value];
    }),
  );
}

/**
 * What TF.js itself computes, which rounds otherwise on each of its backends.
 * @throws Error with TF.js's reason
 */
export async function tfjsExpectation(
  url: string,
  info: Parameters<typeof runReference>[1],
  backend: "wasm" | "cpu",
): Promise<Expectation> {
  const reference: Reference = await runReference(url, info, [backend], ITEM_COUNT);
  const { inputs, outputs } = reference.allItems;
  return {
    oracle: `TF.js on ${backend}`,
    signature: undefined,
    refused: undefined,
    mustBeRefused: false,
    inputsFor: () => inputs,
    judge(received) {
      const gap = outputsDifference(received, outputs, reference.outputNames);
      const problem = Number.isFinite(gap)
        ? `differs by ${gap.toExponential(1)}`
        : "is of another shape, or not finite";
      return { gap, problem: gap <= TOLERANCE ? "" : problem };
    },
  };
}
