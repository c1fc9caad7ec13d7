import { asJsonObject } from "../artifacts.js";
import { show } from "../malformed.js";
import { Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** One output of one call of a layer. */
export interface LayerReference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** One application of a layer; a layer that is applied several times has several calls. */
export interface Call {
  readonly index: number;
  readonly inputs: readonly LayerReference[];
}

export function referenceKey({ layer, node, tensor }: LayerReference): string {
  return `${layer}#${node}#${tensor}`;
}

/** Read `[["layer", 0, 0], …]`, or a single reference without the outer list. @throws Untranslatable */
export function readReferences(value: unknown): LayerReference[] {
  const list: unknown = Array.isArray(value) && typeof value[0] === "string" ? [value] : value;
  if (!Array.isArray(list) || list.length === 0)
    throw new Untranslatable("a model without input_layers or output_layers");
  return Array.from(list, readReference);
}

/** Arguments in which a layer takes further tensors. Other arguments of a call can't be translated. */
const TENSOR_ARGUMENTS: ReadonlyMap<string, readonly string[]> = new Map([["MultiHeadAttention", ["value", "key"]]]);

/** Read `inbound_nodes` of a layer in a functional model. @throws Untranslatable if a call passes anything other than tensors. */
export function readCalls(value: unknown, { className, name }: LayerConfig, firstIndex: number): Call[] {
  if (!Array.isArray(value)) throw new Untranslatable(`layer "${name}" without inbound_nodes`);
  return value.map((call: unknown, index) => {
    if (!Array.isArray(call) || call.length === 0) throw new Untranslatable(`layer "${name}" with an unreadable call`);
    // A call with one input may come without the outer list.
    const inputs = typeof call[0] === "string" ? [call] : call;
    const further = inputs.flatMap((input: unknown) => readArguments(input, className, name));
    return { index: firstIndex + index, inputs: [...Array.from(inputs, readReference), ...further] };
  });
}

function readReference(value: unknown): LayerReference {
  const [layer, node, tensor]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof layer !== "string" || !Number.isInteger(node) || !Number.isInteger(tensor)) {
    throw new Untranslatable(`an unreadable reference ${show(value, 60)}`);
  }
  return { layer, node: Number(node), tensor: Number(tensor) };
}

/** The tensors that a call passes as arguments. */
function readArguments(value: unknown, className: string, name: string): LayerReference[] {
  const options = Object.entries(asJsonObject(Array.isArray(value) ? value[3] : undefined));
  const isPassed = ([, each]: [string, unknown]): boolean => each !== undefined && each !== null && each !== false;
  const passed = new Map(options.filter(isPassed));
  const tensors = TENSOR_ARGUMENTS.get(className) ?? [];
  const other = [...passed.keys()].find((key) => !tensors.includes(key));
  if (other !== undefined) throw new Untranslatable(`layer "${name}" called with the option ${other.slice(0, 40)}`);
  return tensors.flatMap((key) => (passed.has(key) ? [readReference(passed.get(key))] : []));
}
