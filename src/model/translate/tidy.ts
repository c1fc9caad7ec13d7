import { ACTIVATION, operatorNamed } from "./operators.js";
import type { FileTensor, OperatorCall, Subgraph } from "./subgraph.js";
import type { Signature } from "./tflite-file.js";

const FUSIBLE: Readonly<Record<string, number>> = { RELU: ACTIVATION.RELU, RELU6: ACTIVATION.RELU6 };

/**
 * Leave out operators whose results nobody reads, and let operators clamp their own results.
 * @param outputs tensors that leave the model. O(operators).
 */
export function tidyCalls(calls: readonly OperatorCall[], outputs: readonly number[]): OperatorCall[] {
  return fuseActivations(dropUnread(calls, outputs), new Set(outputs));
}

/** Leave out tensors that no operator has, and number the others anew. Inputs stay. */
export function withoutUnread(
  tensors: readonly FileTensor[],
  calls: readonly OperatorCall[],
  { inputs, outputs }: Signature,
): { readonly subgraph: Subgraph; readonly signature: Signature } {
  const isUsed = new Set([...inputs, ...outputs].map(([, index]) => index));
  for (const call of calls) for (const index of [...call.inputs, ...call.outputs]) isUsed.add(index);
  const kept = tensors.map((tensor, index) => ({ tensor, index })).filter(({ index }) => isUsed.has(index));
  const places = new Map(kept.map(({ index }, place) => [index, place]));
  const renumber = (indices: readonly number[]): number[] => indices.map((index) => places.get(index) ?? -1);
  const rename = (entries: Signature["inputs"]): Signature["inputs"] =>
    entries.map(([name, index]) => [name, places.get(index)!]);
  return {
    subgraph: {
      tensors: kept.map(({ tensor }) => tensor),
      calls: calls.map((call) => ({ ...call, inputs: renumber(call.inputs), outputs: renumber(call.outputs) })),
    },
    signature: { inputs: rename(inputs), outputs: rename(outputs) },
  };
}

function dropUnread(calls: readonly OperatorCall[], outputs: readonly number[]): OperatorCall[] {
  const isRead = new Set(outputs);
  const kept = calls.toReversed().filter((call) => {
    if (!call.outputs.some((index) => isRead.has(index))) return false;
    for (const index of call.inputs) isRead.add(index);
    return true;
  });
  return kept.reverse();
}

function fuseActivations(calls: readonly OperatorCall[], outputs: ReadonlySet<number>): OperatorCall[] {
  const readerCounts = new Map<number, number>();
  for (const index of calls.flatMap(({ inputs }) => [...new Set(inputs)])) {
    readerCounts.set(index, (readerCounts.get(index) ?? 0) + 1);
  }
  const fused: OperatorCall[] = [];
  /** Where the operator is that makes a tensor. */
  const places = new Map<number, number>();
  for (const call of calls) {
    const [input] = call.inputs;
    const activation = FUSIBLE[call.name];
    const place = activation === undefined ? undefined : places.get(input!);
    const source = place === undefined ? undefined : fused[place]!;
    if (activation !== undefined && source !== undefined && takesActivation(source)) {
      if (readerCounts.get(input!) === 1 && !outputs.has(input!)) {
        fused[place!] = { ...source, outputs: call.outputs, options: { ...source.options, activation } };
        places.set(call.outputs[0]!, place!);
        continue;
      }
    }
    for (const index of call.outputs) places.set(index, fused.length);
    fused.push(call);
  }
  return fused;
}

function takesActivation({ name, options }: OperatorCall): boolean {
  const fields = operatorNamed(name).options?.fields;
  // Concatenation has the field, and no engine heeds it.
  return fields?.activation !== undefined && name !== "CONCATENATION" && !options.activation;
}
