import { ShardError } from "../../../../src/core/errors.js";
import { asJsonObject, type JsonObject } from "../../../../src/model/artifacts.js";
import type { FloatTensor, IntTensor, NumberTensor, PlainTensor, StringTensor } from "./plain-tensor.js";

/** An op in plain code: a pure function of one node's values. @throws ShardError "model-unsupported", "model-failed" */
export type PlainOp = (node: PlainNode) => PlainTensor | readonly PlainTensor[];

/** One call of an op: the values of its inputs, and its attributes as the model file states them. */
export class PlainNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly PlainTensor[];
  readonly attr: JsonObject;

  constructor(op: string, name: string, inputs: readonly PlainTensor[], attr: JsonObject = {}) {
    this.op = op;
    this.name = name;
    this.inputs = inputs;
    this.attr = attr;
  }

  input(index: number): PlainTensor {
    return this.inputs[index] ?? this.fail(`an input ${index}, received ${this.inputs.length} inputs`);
  }

  /** An input of dtype float32, int32 or bool. */
  numbers(index: number): NumberTensor {
    const tensor = this.input(index);
    if (tensor.dtype === "string" || tensor.dtype === "complex64") return this.wrongDtype(index, "numbers", tensor);
    return tensor;
  }

  floats(index: number): FloatTensor {
    const tensor = this.input(index);
    return tensor.dtype === "float32" ? tensor : this.wrongDtype(index, "float32", tensor);
  }

  ints(index: number): IntTensor {
    const tensor = this.input(index);
    return tensor.dtype === "int32" ? tensor : this.wrongDtype(index, "int32", tensor);
  }

  strings(index: number): StringTensor {
    const tensor = this.input(index);
    return tensor.dtype === "string" ? tensor : this.wrongDtype(index, "strings", tensor);
  }

  /** The only element of an input. */
  scalar(index: number): number {
    const { data } = this.numbers(index);
    return data.length === 1 ? data[0]! : this.fail(`one number as its input ${index}, received ${data.length}`);
  }

  /** Inputs `first` up to, but without, `end`: a list whose length an attribute states. */
  list(first: number, end: number): PlainTensor[] {
    return Array.from({ length: Math.max(0, end - first) }, (_, offset) => this.input(first + offset));
  }

  /** A whole or fractional number. In JSON, 64-bit integers are strings, and so are "NaN" and "Infinity". */
  number(name: string, fallback?: number): number {
    const { i, f } = asJsonObject(this.attr[name]);
    const value = i ?? f;
    if (typeof value === "number" || typeof value === "string") return Number(value);
    // An attribute of value 0 may have been written as an empty object.
    return fallback ?? (this.attr[name] === undefined ? this.lacks(name) : 0);
  }

  flag(name: string, fallback = false): boolean {
    const { b } = asJsonObject(this.attr[name]);
    return typeof b === "boolean" ? b : fallback;
  }

  /** Text as bytes, one character of code 0 to 255 per byte, without change of case. */
  text(name: string, fallback?: string): string {
    return (
      bytesOf(asJsonObject(this.attr[name]).s) ?? fallback ?? (this.attr[name] === undefined ? this.lacks(name) : "")
    );
  }

  /** A type in TensorFlow's words, for example "DT_INT64". */
  type(name: string, fallback?: string): string {
    const { type } = asJsonObject(this.attr[name]);
    return typeof type === "string" ? type : (fallback ?? this.lacks(name));
  }

  integers(name: string): number[] {
    const { i } = asJsonObject(asJsonObject(this.attr[name]).list);
    return Array.isArray(i) ? i.map(Number) : [];
  }

  numberList(name: string): number[] {
    const { f } = asJsonObject(asJsonObject(this.attr[name]).list);
    return Array.isArray(f) ? f.map(Number) : [];
  }

  texts(name: string): string[] {
    const { s } = asJsonObject(asJsonObject(this.attr[name]).list);
    return Array.isArray(s) ? s.map((each: unknown) => bytesOf(each) ?? "") : [];
  }

  /** @throws ShardError "model-failed": the values don't fit the op, in TensorFlow either. */
  fail(expected: string): never {
    throw new ShardError("model-failed", `Expected node "${this.name}" (${this.op}) to have ${expected}.`);
  }

  /** @throws ShardError "model-unsupported" */
  refuse(what: string): never {
    throw new ShardError(
      "model-unsupported",
      `Expected operations that an engine here has, received node "${this.name}" (${this.op}) with ${what}: change the model.`,
    );
  }

  private wrongDtype(index: number, expected: string, { dtype }: PlainTensor): never {
    return this.fail(`${expected} as its input ${index}, received ${dtype}`);
  }

  private lacks(name: string): never {
    return this.fail(`an attribute "${name}", received none`);
  }
}

/** Base64 in a file; a list of bytes in JSON that was made from a parsed protocol buffer. */
function bytesOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return String.fromCharCode(...value.map(Number));
  if (typeof value !== "string") return undefined;
  try {
    return atob(value);
  } catch {
    return value;
  }
}
