/** What a file is, by its first bytes: its name and its type are often wrong. */
export type FileKind =
  | { readonly kind: "empty" }
  /** The whole file is a picture in a format that browsers decode, if it is not damaged. */
  | { readonly kind: "picture"; readonly format: PictureFormat }
  /** A picture that most browsers, or all, don't decode. @property name for people, with its article. */
  | { readonly kind: "foreign"; readonly name: string; readonly advice: string }
  | { readonly kind: "text" }
  | { readonly kind: "unknown" };

export type PictureFormat = "PNG" | "JPEG" | "WebP" | "GIF" | "AVIF" | "BMP";

/** Enough for every signature, and to tell an SVG drawing from other text. */
export const SIGNATURE_BYTES = 1024;

const SAVE_AS = "save it as JPEG or PNG first";

/**
 * Recognise a file by its signature.
 * @param head its first bytes, up to `SIGNATURE_BYTES`.
 * Sources: the formats' specifications; brands of ISO 14496-12 files from the MP4 registration authority.
 */
export function fileKindOf(head: Uint8Array): FileKind {
  if (head.length === 0) return { kind: "empty" };
  const at = (offset: number, text: string): boolean => latin1(head, offset, text.length) === text;
  if (at(0, "\x89PNG\r\n\x1a\n")) return { kind: "picture", format: "PNG" };
  if (at(0, "\xff\xd8\xff")) return { kind: "picture", format: "JPEG" };
  if (at(0, "RIFF") && at(8, "WEBP")) return { kind: "picture", format: "WebP" };
  if (at(0, "GIF87a") || at(0, "GIF89a")) return { kind: "picture", format: "GIF" };
  if (at(0, "BM") && head.length > 14 && head[5]! < 0x80) return { kind: "picture", format: "BMP" };
  if (at(4, "ftyp")) return brandOf(latin1(head, 8, Math.min(readUint32(head, 0), 64) - 8));
  if (at(0, "II*\0") || at(0, "MM\0*")) return foreign("a TIFF or raw picture");
  if (at(0, "8BPS")) return foreign("a Photoshop file");
  if (at(0, "\0\0\0\x0cJXL ") || at(0, "\xff\x0a")) return foreign("a JPEG XL picture");
  if (at(0, "\0\0\0\x0cjP  ")) return foreign("a JPEG 2000 picture");
  if (at(0, "%PDF-")) return foreign("a PDF document", "export its page as PNG first");
  return isText(head) ? textKindOf(head) : { kind: "unknown" };
}

function brandOf(brands: string): FileKind {
  if (/avi[fs]/.test(brands)) return { kind: "picture", format: "AVIF" };
  if (/hei[cxmsf]|hev[cx]|mif1|msf1/.test(brands)) return foreign("a HEIC picture");
  return foreign("a video or another media file", "save one of its frames as a picture first");
}

function foreign(name: string, advice = SAVE_AS): FileKind {
  return { kind: "foreign", name, advice };
}

function textKindOf(head: Uint8Array): FileKind {
  const text = latin1(head, 0, head.length);
  return /<svg[\s>]/i.test(text)
    ? foreign("an SVG drawing, which has no pixels", "export it as PNG first")
    : { kind: "text" };
}

/** Whether it has none of the control characters that texts don't have. UTF-16 counts as text by its mark. */
function isText(head: Uint8Array): boolean {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return true;
  return head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 12 || byte === 13 || byte === 27);
}

/** Bytes as characters, as many as there are. */
export function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + Math.max(0, length)));
}

/** Big-endian; bytes beyond the end count as 0. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  const byte = (index: number): number => bytes[offset + index] ?? 0;
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
}
