import { Untranslatable } from "./emitter.js";

/** One output of one call of a layer. */
export interface LayerReference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** A layer that is applied several times has several calls, numbered on. */
export interface Call {
  readonly index: number;
  readonly inputs: readonly LayerReference[];
}

export function referenceKey({ layer, node, tensor }: LayerReference): string {
  return `${layer}#${node}#${tensor}`;
}

/** `[["layer", 0, 0], …]`, or a single one without the outer list. @throws Untranslatable */
export function readReferences(value: unknown): LayerReference[] {
  const list: unknown = Array.isArray(value) && typeof value[0] === "string" ? [value] : value;
  if (!Array.isArray(list) || list.length === 0)
    throw new Untranslatable("a model without input_layers or output_layers");
  return list.map(readReference);
}

/** `inbound_nodes` of a layer in a functional model. @throws Untranslatable where a call passes more than tensors. */
export function readCalls(value: unknown, layer: string, firstIndex: number): Call[] {
  if (!Array.isArray(value)) throw new Untranslatable(`layer "${layer}" without inbound_nodes`);
  return value.map((call: unknown, index) => {
    if (!Array.isArray(call) || call.length === 0) throw new Untranslatable(`layer "${layer}" with an unreadable call`);
    // A call with one input may stand without the outer list.
    const inputs = typeof call[0] === "string" ? [call] : call;
    return { index: firstIndex + index, inputs: inputs.map(readReference) };
  });
}

function readReference(value: unknown): LayerReference {
  const [layer, node, tensor, options]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof layer !== "string" || !Number.isInteger(node) || !Number.isInteger(tensor)) {
    throw new Untranslatable(`a reference ${String(JSON.stringify(value)).slice(0, 60)}`);
  }
  const extras = Object.entries(typeof options === "object" && options !== null ? options : {});
  if (extras.some(([, each]) => each !== null && each !== false)) throw new Untranslatable("a call with options");
  return { layer, node: Number(node), tensor: Number(tensor) };
}
