import type { OnnxElement } from "../../protocol/model-on-wire.js";
import type { DType } from "../../protocol/tensors.js";

/** The protocol's names of types, and the elements that they hold here. */
const ELEMENTS: Readonly<Record<string, OnnxElement>> = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
  BYTES: "string",
};
const NAMES = Object.fromEntries(Object.entries(ELEMENTS).map(([name, element]) => [element, name]));

/** What the protocol calls it. */
export function datatypeOf(element: OnnxElement): string {
  return NAMES[element]!;
}

/** `undefined` for a type that is not known here, such as BF16. */
export function elementOf(datatype: unknown): OnnxElement | undefined {
  return typeof datatype === "string" && Object.hasOwn(ELEMENTS, datatype) ? ELEMENTS[datatype] : undefined;
}

/** What tensors hold such elements here. */
export function dtypeOf(element: OnnxElement): DType {
  if (element === "string" || element === "bool") return element;
  return element.startsWith("float") ? "float32" : "int32";
}

/** The type that a tensor is sent as where the server does not say what it takes. */
export function usualElement(dtype: DType): OnnxElement {
  return dtype;
}
