/** How far colours are spread into transparent pixels: as far as those can affect visible pixels of the result. */
export const BLEED_RADIUS = 2;

/**
 * Give fully transparent pixels the mean colour of their visible neighbours, `BLEED_RADIUS` pixels deep. A canvas
 * stores them as black, which the model would smear into the picture's edge.
 * @param rgba [height, width, 4], changed in place except for alpha.
 */
export function bleedColours(rgba: Uint8ClampedArray, width: number, height: number): void {
  let known = new Uint8Array(width * height);
  for (let i = 0; i < known.length; i++) known[i] = rgba[4 * i + 3]! > 0 ? 1 : 0;
  for (let pass = 0; pass < BLEED_RADIUS; pass++) {
    const next = known.slice();
    for (let i = 0; i < known.length; i++) {
      if (known[i] === 0 && spread(rgba, known, i, width, height)) next[i] = 1;
    }
    known = next;
  }
}

function spread(rgba: Uint8ClampedArray, known: Uint8Array, i: number, width: number, height: number): boolean {
  const x = i % width;
  const y = (i - x) / width;
  let count = 0;
  const sum = [0, 0, 0];
  for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
    for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
      const neighbour = ny * width + nx;
      if (known[neighbour] === 0) continue;
      count++;
      for (let channel = 0; channel < 3; channel++) sum[channel]! += rgba[4 * neighbour + channel]!;
    }
  }
  if (count === 0) return false;
  for (let channel = 0; channel < 3; channel++) rgba[4 * i + channel] = sum[channel]! / count;
  return true;
}

/** Whether any pixel is not opaque. */
export function hasTransparency(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i]! < 255) return true;
  return false;
}

/**
 * Copy a window of RGBA pixels as RGB.
 * @param source  [*, sourceWidth, 4]; the window's corner is (x, y) in it.
 * @param target  [height, width, 3] at `offset`.
 */
export function copyWindow(
  source: Uint8ClampedArray,
  sourceWidth: number,
  window: { x: number; y: number; width: number; height: number },
  target: Uint8Array,
  offset: number,
): void {
  let to = offset;
  for (let row = 0; row < window.height; row++) {
    let from = 4 * ((window.y + row) * sourceWidth + window.x);
    for (let column = 0; column < window.width; column++) {
      target[to] = source[from]!;
      target[to + 1] = source[from + 1]!;
      target[to + 2] = source[from + 2]!;
      to += 3;
      from += 4;
    }
  }
}

/**
 * Convert a rectangle of float32 RGB 0…1 into opaque RGBA bytes, rounded to the nearest.
 * @param source [*, sourceWidth, 3] from `offset` on.
 */
export function toRgba(
  source: Float32Array,
  offset: number,
  sourceWidth: number,
  part: { x: number; y: number; width: number; height: number },
): Uint8ClampedArray<ArrayBuffer> {
  const target = new Uint8ClampedArray(4 * part.width * part.height);
  let to = 0;
  for (let row = 0; row < part.height; row++) {
    let from = offset + 3 * ((part.y + row) * sourceWidth + part.x);
    for (let column = 0; column < part.width; column++) {
      // Uint8ClampedArray clamps the values and rounds halves to even.
      target[to] = source[from]! * 255;
      target[to + 1] = source[from + 1]! * 255;
      target[to + 2] = source[from + 2]! * 255;
      target[to + 3] = 255;
      to += 4;
      from += 3;
    }
  }
  return target;
}
