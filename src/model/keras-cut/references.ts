import { isJsonObject, type JsonObject } from "../artifacts.js";
import { show } from "../malformed.js";
import { Uncuttable } from "./keras-call.js";

/** One output of one call of a layer. */
export interface Reference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** One call, as stored in `inbound_nodes`. */
export interface Inbound {
  readonly inputs: readonly Reference[];
  readonly options: JsonObject;
}

/** Read `[["layer", 0, 0], …]`, or a single reference without the outer list. @throws Uncuttable */
export function readReferences(value: unknown): Reference[] {
  const list: unknown = Array.isArray(value) && typeof value[0] === "string" ? [value] : value;
  if (!Array.isArray(list) || list.length === 0) throw new Uncuttable("a model without input_layers or output_layers");
  return list.map(readReference);
}

/** @throws Uncuttable if a call names tensors anywhere else than in its list. */
export function readInbound(value: unknown): Inbound[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Uncuttable("unreadable inbound_nodes");
  return value.map((call: unknown) => {
    if (!Array.isArray(call) || call.length === 0) throw new Uncuttable("an unreadable call in inbound_nodes");
    const list: unknown[] = typeof call[0] === "string" ? [call] : call;
    return { inputs: list.map(readReference), options: optionsOf(list.at(-1)) };
  });
}

function readReference(value: unknown): Reference {
  const [layer, node, tensor]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof layer === "string" && isIndex(node) && isIndex(tensor)) return { layer, node, tensor };
  throw new Uncuttable(`an unreadable reference ${show(value, 60)}`);
}

/** The options of a call; TF.js uses those beside the last input. */
function optionsOf(reference: unknown): JsonObject {
  const options: unknown = Array.isArray(reference) ? reference[3] : undefined;
  if (!isJsonObject(options)) return {};
  if (Object.values(options).some((each) => typeof each === "object" && each !== null)) {
    throw new Uncuttable("a call with tensors among its options");
  }
  return options;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
