import { elementCountOf } from "../../../../src/protocol/tensors.js";
import { shortest } from "./number-text.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, type PlainTensor } from "./plain-tensor.js";

/** The template with its placeholders replaced by summaries of the inputs, one after another. */
function stringFormat(node: PlainNode): PlainTensor {
  const template = node.text("template", "%s");
  const placeholder = node.text("placeholder", "%s");
  const edge = node.number("summarize", 3);
  const [first = "", ...rest] = template.split(placeholder);
  const text = rest.reduce((all, part, index) => all + summary(node, node.input(index), edge) + part, first);
  return byteStrings([], [text]);
}

/** As TensorFlow prints tensors: rows in brackets, of long ones the first and the last elements. */
function summary(node: PlainNode, tensor: PlainTensor, edge: number, axis = 0, offset = 0): string {
  const { shape } = tensor;
  if (axis === shape.length) return element(node, tensor, offset);
  const [size, width] = [shape[axis]!, elementCountOf(shape.slice(axis + 1))];
  const isLong = edge >= 0 && size > 2 * edge;
  const shown = Array.from({ length: size }, (_, index) => index).filter(
    (index) => !isLong || index < edge || index >= size - edge,
  );
  const parts = shown.map((index) => summary(node, tensor, edge, axis + 1, offset + index * width));
  if (isLong) parts.splice(edge, 0, "...");
  const depth = shape.length - axis - 1;
  return `[${parts.join(depth === 0 ? " " : "\n".repeat(depth) + " ".repeat(axis + 1))}]`;
}

function element(node: PlainNode, tensor: PlainTensor, index: number): string {
  if (tensor.dtype === "complex64") return node.refuse("complex numbers");
  if (tensor.dtype === "string") return `"${tensor.data[index]!}"`;
  const value = tensor.data[index]!;
  if (tensor.dtype !== "float32") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  // Six digits if they give the same float again, else nine.
  const digits = Math.fround(Number(value.toPrecision(6))) === value ? 6 : 9;
  return (value < 0 ? "-" : "") + shortest(Math.abs(value), digits);
}

export const FORMAT_OPS: Readonly<Record<string, PlainOp>> = { StringFormat: stringFormat };
