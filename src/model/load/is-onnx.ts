/** What may follow the version in an ONNX file, as keys of fields: the producer's name and what comes after it, up to the sets of operations. */
const NEXT_KEYS: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];
/** The first version that anybody wrote; SavedModels, which are Protocol Buffers too, begin with 1. */
const FIRST_VERSION = 2;

/** Whether the first bytes of a file look like those of an ONNX model. It has no magic number: it begins with a field that holds a small version. */
export function isOnnx(head: Uint8Array): boolean {
  const [key, version = 0, next = 0] = head;
  return key === 0x08 && version >= FIRST_VERSION && version < 0x80 && NEXT_KEYS.includes(next);
}

/** Whether a file's name, or an address without its query, says that it is an ONNX model. */
export function isOnnxName(name: string): boolean {
  return /\.onnx$/i.test(name);
}
