/**
 * How large the whole numbers of a tensor may be: "count", those of elements and of sizes, which stay far below 2^31, as their sums and
 * products do; "small", those that fit into 32 bits with a sign; or any.
 */
export type Magnitude = "count" | "small" | "any";

/** How large the results of an operation are, by what it reads. */
export interface Keeping {
  /** The operands of which its results are made. Default: all. */
  readonly of?: readonly number[];
  /** They may be larger than each of these, as sums and products are. */
  readonly grows?: true;
}

const SMALL = { least: -(2 ** 31), most: 2 ** 31 - 1 };
/** A constant beyond this counts nothing: a product with it may well leave the 32 bits. */
const MOST_OF_COUNTS = 2 ** 20;
/** A file's constants are looked through up to so many bytes: it may have the same ones under many names. */
const MAX_LOOKED_AT_BYTES = 20_000_000;

/** @param operands the magnitudes of all that an operation reads; `undefined` for one that is left out. */
export function magnitudeOf({ of, grows }: Keeping, operands: readonly (Magnitude | undefined)[]): Magnitude {
  const read = (of === undefined ? operands : of.map((place) => operands[place])).filter((each) => each !== undefined);
  if (read.length === 0 || read.includes("any")) return "any";
  if (read.every((each) => each === "count")) return "count";
  return grows ? "any" : "small";
}

/** @returns that of the numbers, which are looked at up to the first large one. */
function magnitudeOfAll(numbers: Iterable<number>): Magnitude {
  let found: Magnitude = "count";
  for (const number of numbers) {
    if (number < SMALL.least || number > SMALL.most) return "any";
    if (Math.abs(number) > MOST_OF_COUNTS) found = "small";
  }
  return found;
}

/** Looks through the constants of one file, as long as these are not too many. */
export class ConstantLooker {
  #leftBytes = MAX_LOOKED_AT_BYTES;

  /** @param byteLength of the numbers, as the file has them. @returns "any" where there are too many to look at. */
  look(byteLength: number, numbers: () => Iterable<number>): Magnitude {
    if (byteLength > this.#leftBytes) return "any";
    this.#leftBytes -= byteLength;
    return magnitudeOfAll(numbers());
  }
}

/** Numbers of 64 bits with a sign, one after the other, of the lower byte first. Those beyond 2^53 are rounded. */
export function* wideNumbers(bytes: Uint8Array): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let place = 0; place + 8 <= bytes.byteLength; place += 8) {
    yield view.getInt32(place + 4, true) * 2 ** 32 + view.getUint32(place, true);
  }
}
