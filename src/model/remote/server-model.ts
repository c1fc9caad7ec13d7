import type { OnnxElement } from "../../protocol/model-on-wire.js";
import { asJsonObject, isJsonObject } from "../artifacts.js";
import { elementOf } from "./datatypes.js";

/** An input or an output as a server states it. */
export interface ServerTensor {
  readonly name: string;
  /** As the protocol calls it. */
  readonly datatype: string;
  /** `undefined` for a type that is not known here. */
  readonly element: OnnxElement | undefined;
  /** -1 for a free size; `undefined` if it does not say. */
  readonly shape: readonly number[] | undefined;
}

/** The interface of a model as a server states it. Some state none: then both lists are empty. */
export interface ServerModel {
  /** What runs it, as the server says. */
  readonly platform: string;
  readonly inputs: readonly ServerTensor[];
  readonly outputs: readonly ServerTensor[];
}

/** Read the metadata of a model. @returns `undefined` if it is none. */
export function readServerModel(metadata: unknown): ServerModel | undefined {
  if (!isJsonObject(metadata)) return undefined;
  const { platform, inputs = [], outputs = [] } = metadata;
  const [read, written] = [readTensors(inputs), readTensors(outputs)];
  if (read === undefined || written === undefined) return undefined;
  return { platform: typeof platform === "string" ? platform : "", inputs: read, outputs: written };
}

function readTensors(list: unknown): readonly ServerTensor[] | undefined {
  if (list === null) return [];
  if (!Array.isArray(list)) return undefined;
  const tensors = list.map(readTensor);
  return tensors.every((tensor) => tensor !== undefined) ? tensors : undefined;
}

function readTensor(entry: unknown): ServerTensor | undefined {
  const { name, datatype, shape } = asJsonObject(entry);
  if (typeof name !== "string" || typeof datatype !== "string") return undefined;
  return { name, datatype, element: elementOf(datatype), shape: readShape(shape) };
}

/** Whole sizes; anything below 0 is free. Some servers write sizes as texts. */
function readShape(shape: unknown): readonly number[] | undefined {
  if (!Array.isArray(shape)) return undefined;
  const sizes = shape.map((size) => (typeof size === "string" || typeof size === "number" ? Number(size) : -1));
  return sizes.every(Number.isSafeInteger) ? sizes.map((size) => Math.max(-1, size)) : undefined;
}
