import { elementOf, dtypeOf } from "../../../src/model/remote/datatypes.js";
import { fits, type RemoteBinding } from "../../../src/model/remote/match-interface.js";
import { asJsonObject, isJsonObject } from "../../../src/model/artifacts.js";
import { elementCountOf, type Tensor } from "../../../src/protocol/tensors.js";
import type { NamedOutputs } from "../../runtime/engine.js";
import { fromElements } from "../shared/elements.js";
import { fromBytes, fromJson } from "./element-bytes.js";
import { jsonLength } from "./json-length.js";

/** So many names, or sizes, are listed in an error. */
const MOST_NAMES = 8;

/**
 * An answer that is not what the protocol says: what was expected, and what it has instead. Both may quote the server in any length: who
 * makes an error of it cleans them.
 */
export class BadAnswer extends Error {
  readonly expected: string;
  readonly received: string;

  constructor(expected: string, received: string) {
    super(`Expected ${expected}, received ${received}.`);
    this.expected = expected;
    this.received = received;
  }
}

/**
 * The outputs in an inference answer.
 * @param headerLength bytes of the JSON before the tensors; `undefined` if the server does not say, or does not let the page read it.
 * @throws BadAnswer; ShardError "model-failed" for numbers that tensors can't hold here.
 */
export function decodeAnswer(
  bytes: Uint8Array<ArrayBuffer>,
  headerLength: number | undefined,
  outputs: readonly RemoteBinding[],
): NamedOutputs {
  const length = headerLength ?? jsonLength(bytes);
  const json = parse(bytes.subarray(0, length));
  const stated = json["outputs"];
  if (!Array.isArray(stated))
    throw new BadAnswer(
      "an answer with outputs",
      `one with ${Object.keys(json).slice(0, MOST_NAMES).map(shown).join(", ") || "nothing"}`,
    );
  const found = new Map<string, Tensor>();
  let offset = length;
  for (const entry of stated as readonly unknown[]) {
    const { name, datatype, shape, data, parameters } = asJsonObject(entry);
    const size = asJsonObject(parameters)["binary_data_size"];
    const isBinary = size !== undefined;
    if (isBinary && !(Number.isSafeInteger(size) && Number(size) >= 0)) {
      throw new BadAnswer("a size of binary data", shown(size));
    }
    const end = offset + (isBinary ? Number(size) : 0);
    if (end > bytes.length) throw new BadAnswer(`at least ${end} bytes`, `${bytes.length}`);
    const binding = outputs.find(({ serverName }) => serverName === name);
    if (binding !== undefined) {
      const held = isBinary ? bytes.subarray(offset, end) : data;
      found.set(binding.name, tensorOf(binding, datatype, shape, held));
    }
    offset = end;
  }
  // Texts may end in a line of their own.
  const isOver = offset === length ? bytes.subarray(offset).every(isBlank) : offset === bytes.length;
  if (!isOver) throw new BadAnswer(`${offset} bytes`, `${bytes.length}`);
  const missing = outputs.find(({ name }) => !found.has(name));
  if (missing === undefined) return Object.fromEntries(found);
  const names = stated.slice(0, MOST_NAMES).map((entry: unknown) => shown(asJsonObject(entry)["name"]));
  throw new BadAnswer(`the output "${missing.serverName}"`, names.join(", ") || "none");
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function tensorOf(binding: RemoteBinding, datatype: unknown, shape: unknown, held: unknown): Tensor {
  const { name, dtype } = binding;
  const element = elementOf(datatype);
  if (element === undefined || dtypeOf(element) !== dtype) {
    throw new BadAnswer(
      `the output "${name}" to hold ${dtype}`,
      typeof datatype === "string" ? datatype : shown(datatype),
    );
  }
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new BadAnswer(`a shape of the output "${name}"`, shown(shape));
  }
  const sizes = shape as number[];
  if (!fits(binding.shape, sizes)) {
    throw new BadAnswer(`the output "${name}" of shape [${binding.shape!.join(", ")}]`, shown(sizes));
  }
  const count = elementCountOf(sizes);
  const elements = held instanceof Uint8Array ? fromBytes(held, element, count) : fromJson(held, element, count);
  if (elements === undefined) {
    const bytes = held instanceof Uint8Array ? `${held.length} bytes` : "others";
    throw new BadAnswer(`${count} elements of ${String(datatype)} for the output "${name}"`, bytes);
  }
  // Numbers out of JSON are no bits.
  const kind = element === "float16" && !(held instanceof Uint8Array) ? "float64" : element;
  return fromElements(elements, sizes, { name, dtype, element: kind });
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const text = new TextDecoder().decode(bytes);
  try {
    const json: unknown = JSON.parse(text);
    if (isJsonObject(json)) return json;
  } catch {
    // It says what it is below.
  }
  const isPage = /^\s*<(!doctype|html)/i.test(text);
  throw new BadAnswer("an answer in JSON", isPage ? "a page of HTML" : `"${text}"`);
}

/** What a server has sent, as it would be in JSON, but for the inside of objects and what is too long. */
function shown(value: unknown): string {
  if (Array.isArray(value)) {
    const some = value.slice(0, MOST_NAMES).map((entry) => (Array.isArray(entry) ? "[…]" : shown(entry)));
    return `[${some.join(", ")}${value.length > some.length ? ", …" : ""}]`;
  }
  if (typeof value === "string") return `"${value}"`;
  return typeof value === "object" && value !== null ? "{…}" : String(value);
}
