/** Strings of bytes (one character of code 0 to 255 per byte) to Unicode text and back. */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Invalid bytes become U+FFFD. */
export function decodeUtf8(bytes: string): string {
  return isAscii(bytes) ? bytes : decoder.decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)));
}

export function encodeUtf8(text: string): string {
  return isAscii(text) ? text : String.fromCharCode(...encoder.encode(text));
}

/** The code points of valid UTF-8 one by one as strings of bytes; a byte that fits nowhere stands alone. */
export function splitUtf8(bytes: string): string[] {
  // A lead byte and its continuations, or any single byte.
  return (
    bytes.match(
      /[\u00c0-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f7][\u0080-\u00bf]{3}|[^]/g,
    ) ?? []
  );
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- ASCII is what is asked for.
  return /^[\0-\x7f]*$/.test(text);
}
