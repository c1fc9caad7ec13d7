/** What bytes 4 to 7 of a TensorFlow Lite file say. */
const IDENTIFIER = [0x54, 0x46, 0x4c, 0x33];

/** Whether the first bytes of a file are those of a TensorFlow Lite model. */
export function isTflite(head: Uint8Array): boolean {
  return IDENTIFIER.every((byte, index) => head[4 + index] === byte);
}

/** Whether a file's name, or an address without its query, says that it is a TensorFlow Lite model. */
export function isTfliteName(name: string): boolean {
  return /\.(tflite|lite)$/i.test(name);
}
