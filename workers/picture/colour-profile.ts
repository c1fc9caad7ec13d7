import { latin1, readUint32 } from "./file-kind.js";

/** The smallest of these that holds all colours of a picture; "wider" is beyond Display P3. */
export type Gamut = "srgb" | "display-p3" | "wider";

type Triple = readonly [number, number, number];
type Primaries = readonly [red: Triple, green: Triple, blue: Triple];

/** Colourants in XYZ under D50, as their ICC profiles state them. Sources: sRGB v4 profile (ICC); SMPTE EG 432-1, adapted by Bradford. */
const SRGB: Primaries = [
  [0.43607, 0.22249, 0.01392],
  [0.38515, 0.71687, 0.09708],
  [0.14307, 0.06061, 0.7141],
];
const DISPLAY_P3: Primaries = [
  [0.51512, 0.2412, -0.00105],
  [0.29198, 0.69225, 0.04189],
  [0.1571, 0.06657, 0.78407],
];

/** Profiles round their numbers, and some state sRGB a little off. As parts of a primary. */
const TOLERANCE = 0.02;

/**
 * The gamut of an ICC profile with three primaries. Other profiles (grey, CMYK, tables) count as sRGB, to which the browser converts them.
 * Source: ICC.1:2022, 7.2 (header), 7.3 (tag table), 10.31 (XYZType).
 */
export function gamutOfProfile(icc: Uint8Array): Gamut {
  if (latin1(icc, 16, 4) !== "RGB ") return "srgb";
  const tagCount = Math.min(readUint32(icc, 128), 100);
  const colourant = (name: string): Triple | undefined => {
    for (let tag = 0; tag < tagCount; tag++) {
      const entry = 132 + 12 * tag;
      if (latin1(icc, entry, 4) !== name) continue;
      const at = readUint32(icc, entry + 4) + 8;
      if (at + 12 > icc.length) return undefined;
      return [fixed(icc, at), fixed(icc, at + 4), fixed(icc, at + 8)];
    }
    return undefined;
  };
  const [red, green, blue] = [colourant("rXYZ"), colourant("gXYZ"), colourant("bXYZ")];
  if (red === undefined || green === undefined || blue === undefined) return "srgb";
  const primaries: Primaries = [red, green, blue];
  if (contains(SRGB, primaries)) return "srgb";
  return contains(DISPLAY_P3, primaries) ? "display-p3" : "wider";
}

/** By a code of ITU-T H.273, as in a PNG's cICP chunk or an AVIF's nclx box. */
export function gamutOfPrimaries(code: number): Gamut {
  if (code === 12) return "display-p3";
  // BT.2020, SMPTE ST 428 and DCI-P3.
  return code === 9 || code === 10 || code === 11 ? "wider" : "srgb";
}

/** Signed 16.16 fixed point, big-endian. */
function fixed(bytes: Uint8Array, offset: number): number {
  return (readUint32(bytes, offset) | 0) / 65_536;
}

/** Whether colours can be mixed from the primaries of a space without a negative part. */
function contains(space: Primaries, colours: Primaries): boolean {
  const whole = determinant(...space);
  return colours.every((colour) =>
    [0, 1, 2].every((index) => {
      // Cramer's rule.
      const parts: [Triple, Triple, Triple] = [...space];
      parts[index] = colour;
      return determinant(...parts) / whole >= -TOLERANCE;
    }),
  );
}

function determinant(a: Triple, b: Triple, c: Triple): number {
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
}
