import { gamutOfPrimaries, gamutOfProfile, type Gamut } from "./colour-profile.js";
import { fileKindOf, latin1, readUint32 } from "./file-kind.js";

/** What a picture file has that a canvas of bytes may not hold. */
export interface FileTraits {
  readonly gamut: Gamut;
  /** Bits per colour channel. */
  readonly depth: number;
  readonly isAnimated: boolean;
}

/** What states the traits stands at the beginning of a file, before the pixels. */
const HEAD_BYTES = 1 << 20;

const PLAIN: FileTraits = { gamut: "srgb", depth: 8, isAnimated: false };

/** Read a file's colour profile, depth and number of frames. A file that states nothing, or is damaged, is plain. Never rejects. */
export async function readTraits(blob: Blob): Promise<FileTraits> {
  try {
    return await traitsOf(new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer()));
  } catch {
    return PLAIN;
  }
}

/** @param head the first bytes of a file. */
export async function traitsOf(head: Uint8Array): Promise<FileTraits> {
  const kind = fileKindOf(head.subarray(0, 64));
  if (kind.kind !== "picture") return PLAIN;
  switch (kind.format) {
    case "PNG":
      return pngTraits(head);
    case "JPEG":
      return { ...PLAIN, gamut: gamutOfProfile(jpegProfile(head)) };
    case "WebP":
      return webpTraits(head);
    case "GIF":
      return { ...PLAIN, isAnimated: isAnimatedGif(head) };
    case "AVIF":
      return avifTraits(head);
    case "BMP":
      return PLAIN;
  }
}

/** Source: PNG, third edition, 5.3 (chunks), 11.2.1 (IHDR), 11.3.2 (iCCP, cICP), 11.3.6 (acTL). */
async function pngTraits(head: Uint8Array): Promise<FileTraits> {
  let { gamut, isAnimated }: FileTraits = PLAIN;
  for (let at = 8; at + 12 <= head.length;) {
    const length = readUint32(head, at);
    const type = latin1(head, at + 4, 4);
    const data = head.subarray(at + 8, at + 8 + length);
    if (type === "IDAT") break;
    if (type === "acTL") isAnimated = readUint32(data, 0) > 1;
    if (type === "cICP") gamut = gamutOfPrimaries(data[0] ?? 0);
    if (type === "iCCP")
      gamut = gamutOfProfile(await inflate(data.subarray(data.indexOf(0) + 2)).catch(() => NO_PROFILE));
    at += 12 + length;
  }
  return { gamut, depth: head[24] ?? 8, isAnimated };
}

/** Instead of one that is damaged. */
const NO_PROFILE = new Uint8Array();
/** No profile is longer: a small file could otherwise fill the memory. */
const MAX_PROFILE_BYTES = 4 << 20;

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("deflate"));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let byteCount = 0;
  for (const reader = stream.getReader(); byteCount < MAX_PROFILE_BYTES;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    byteCount += value.length;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The profile's parts in their order. Source: ICC.1:2022, B.4. */
function jpegProfile(head: Uint8Array): Uint8Array {
  const parts: number[] = [];
  for (let at = 2; at + 4 <= head.length && head[at] === 0xff;) {
    const marker = head[at + 1]!;
    // The pixels follow.
    if (marker === 0xda) break;
    const length = readUint32(head, at + 2) >>> 16;
    if (marker === 0xe2 && latin1(head, at + 4, 12) === "ICC_PROFILE\0") {
      parts.push(...head.subarray(at + 18, at + 2 + length));
    }
    at += 2 + length;
  }
  return Uint8Array.from(parts);
}

/** Source: RFC 9649, 2.7. Only its extended form has a profile or an animation. */
function webpTraits(head: Uint8Array): FileTraits {
  if (latin1(head, 12, 4) !== "VP8X") return PLAIN;
  const flags = head[20] ?? 0;
  const isAnimated = (flags & 0x02) !== 0;
  const lengthAt = 34;
  if ((flags & 0x20) === 0 || latin1(head, 30, 4) !== "ICCP") return { ...PLAIN, isAnimated };
  const length = new DataView(head.buffer, head.byteOffset).getUint32(lengthAt, true);
  return { ...PLAIN, isAnimated, gamut: gamutOfProfile(head.subarray(lengthAt + 4, lengthAt + 4 + length)) };
}

/** Whether a second picture follows the first, or the file says that it repeats. Source: GIF89a, 18 to 27. */
function isAnimatedGif(head: Uint8Array): boolean {
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1));
  const afterBlocks = (start: number): number => {
    let at = start;
    while (at < head.length && head[at] !== 0) at += head[at]! + 1;
    return at + 1;
  };
  let pictureCount = 0;
  for (let at = 13 + tableBytes(head[10] ?? 0); at < head.length;) {
    if (head[at] === 0x21) {
      if (latin1(head, at + 3, 11) === "NETSCAPE2.0") return true;
      at = afterBlocks(at + 2);
    } else if (head[at] === 0x2c) {
      if (++pictureCount > 1) return true;
      at = afterBlocks(at + 11 + tableBytes(head[at + 9] ?? 0));
    } else {
      break;
    }
  }
  return false;
}

/** The boxes are found by their names: their nesting doesn't matter here. Source: ISO 23008-12, 6.5.5; AV1-ISOBMFF, 2.3. */
function avifTraits(head: Uint8Array): FileTraits {
  const text = latin1Long(head.subarray(0, 1 << 14));
  const codec = text.indexOf("av1C");
  const flags = codec < 0 ? 0 : (head[codec + 6] ?? 0);
  const depth = (flags & 0x40) === 0 ? 8 : (flags & 0x20) === 0 ? 10 : 12;
  const isAnimated = latin1(head, 8, 4) === "avis";
  const nclx = text.indexOf("colrnclx");
  const icc = text.search(/colr(prof|rICC)/);
  if (icc >= 0) return { depth, isAnimated, gamut: gamutOfProfile(head.subarray(icc + 8)) };
  return { depth, isAnimated, gamut: nclx < 0 ? "srgb" : gamutOfPrimaries(head[nclx + 9] ?? 0) };
}

/** A call takes only so many arguments. */
function latin1Long(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += latin1(bytes, at, Math.min(4096, bytes.length - at));
  return text;
}
