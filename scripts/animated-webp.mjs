// Joins still WebP pictures, as a browser encodes them, into an animated one. Source: the WebP container specification
// (developers.google.com/speed/webp/docs/riff_container).

/** @typedef {{ readonly webp: Uint8Array, readonly durationMs: number }} Frame all frames have one size */

/** @param {string} name four letters @param {Uint8Array} content */
function chunk(name, content) {
  const padded = Buffer.alloc(8 + content.length + (content.length % 2));
  padded.write(name, 0, "latin1");
  padded.writeUInt32LE(content.length, 4);
  padded.set(content, 8);
  return padded;
}

/**
 * The chunks of a picture that hold its pixels, and its size.
 * @param {Uint8Array} webp
 */
function readStill(webp) {
  const file = Buffer.from(webp.buffer, webp.byteOffset, webp.byteLength);
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WEBP") {
    throw new Error(`Expected a WebP picture, received a file that begins with ${file.toString("hex", 0, 12)}.`);
  }
  const pixels = [];
  let size;
  let hasAlpha = false;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString("latin1", at, at + 4);
    const bytes = file.readUInt32LE(at + 4);
    const content = file.subarray(at + 8, at + 8 + bytes);
    if (name === "VP8 ") size = { width: content.readUInt16LE(6) & 0x3fff, height: content.readUInt16LE(8) & 0x3fff };
    if (name === "VP8L") {
      const bits = content.readUInt32LE(1);
      size = { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
      hasAlpha ||= ((bits >>> 28) & 1) === 1;
    }
    if (name === "ALPH") hasAlpha = true;
    if (["VP8 ", "VP8L", "ALPH"].includes(name)) pixels.push(chunk(name, content));
    at += 8 + bytes + (bytes % 2);
  }
  if (size === undefined) throw new Error("Expected a WebP picture with pixels, received one without.");
  return { ...size, pixels: Buffer.concat(pixels), hasAlpha };
}

/**
 * @param {readonly Frame[]} frames at least one
 * @returns {Buffer} an animation that repeats for ever
 */
export function animatedWebp(frames) {
  const stills = frames.map(({ webp, durationMs }) => ({ ...readStill(webp), durationMs }));
  const [first] = stills;
  if (first === undefined) throw new Error("Expected at least one frame, received none.");
  const { width, height } = first;
  const other = stills.find((still) => still.width !== width || still.height !== height);
  if (other !== undefined) {
    throw new Error(`Expected frames of ${width} × ${height}, received one of ${other.width} × ${other.height}.`);
  }
  const header = Buffer.alloc(10);
  header[0] = 0x02 | (stills.some(({ hasAlpha }) => hasAlpha) ? 0x10 : 0);
  header.writeUIntLE(width - 1, 4, 3);
  header.writeUIntLE(height - 1, 7, 3);
  const images = stills.map(({ pixels, durationMs }) => {
    const frame = Buffer.alloc(16);
    frame.writeUIntLE(width - 1, 6, 3);
    frame.writeUIntLE(height - 1, 9, 3);
    frame.writeUIntLE(Math.round(durationMs), 12, 3);
    // Each frame replaces the one before.
    frame[15] = 0x02;
    return chunk("ANMF", Buffer.concat([frame, pixels]));
  });
  const content = Buffer.concat([
    Buffer.from("WEBP"),
    chunk("VP8X", header),
    chunk("ANIM", Buffer.alloc(6)),
    ...images,
  ]);
  return chunk("RIFF", content);
}
