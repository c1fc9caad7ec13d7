const [OPEN, CLOSE, QUOTE, BACKSLASH] = [0x7b, 0x7d, 0x22, 0x5c];

/**
 * Bytes of the JSON object that an answer begins with, for where its length can't be read from a header: pages may read only those
 * headers of other origins that these expose. @returns all bytes if no object ends.
 */
export function jsonLength(bytes: Uint8Array): number {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return i + 1;
    else if (depth === 0 && byte! > 0x20) return bytes.length;
  }
  return bytes.length;
}
