/** Keys of the fields that may follow the version in an ONNX file (ModelProto), and of those that its parts begin with. */
const TEXTS: readonly number[] = [0x12, 0x1a, 0x22, 0x32];
const MODEL_VERSION = 0x28;
const GRAPH = 0x3a;
const OPSET = 0x42;
/** A graph begins with its nodes or its name, a set of operations with its domain or its version. */
const FIRST_OF: Readonly<Record<number, readonly number[]>> = { [GRAPH]: [0x0a, 0x12], [OPSET]: [0x0a, 0x10] };
/** The first version that anybody wrote; SavedModels, which are Protocol Buffers too, begin with 1. */
const FIRST_VERSION = 2;
/** So many bytes are looked at, at most. */
const HEAD_BYTES = 64;

/**
 * Whether the first bytes of a file look like those of an ONNX model. It has no magic number: it begins with a field that holds a small
 * version, and the one after it has to be what it says, since weights may begin with any bytes.
 */
export function isOnnx(head: Uint8Array): boolean {
  const [key, version = 0, ...rest] = head.subarray(0, HEAD_BYTES);
  if (key !== 0x08 || version < FIRST_VERSION || version >= 0x80) return false;
  // The author's version of the model is a number of one or more bytes.
  const next = rest[0] === MODEL_VERSION ? rest.slice(2 + rest.slice(1).findIndex((byte) => byte < 0x80)) : rest;
  const [field = 0, ...value] = next;
  const lengthBytes = 1 + value.findIndex((byte) => byte < 0x80);
  if (lengthBytes === 0) return false;
  const content = value.slice(lengthBytes);
  if (!TEXTS.includes(field)) return FIRST_OF[field]?.includes(content[0] ?? 0) === true;
  const length = value.slice(0, lengthBytes).reduce((sum, byte, index) => sum + (byte & 0x7f) * 2 ** (7 * index), 0);
  return content.slice(0, length).every(isOfText);
}

/** Lines, and letters of UTF-8. */
function isOfText(byte: number): boolean {
  return byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte !== 0x7f);
}

/** Whether a file's name, or an address without its query, says that it is an ONNX model. */
export function isOnnxName(name: string): boolean {
  return /\.onnx$/i.test(name);
}
