import { type Composer } from "./composer.js";
import { attrs, type Symbolic, Untranslatable } from "./emitter.js";

/** The numbers 0 … n − 1 of an axis of `x`, known before the run or not, as int32 `[n]`. */
function places(composer: Composer, x: Symbolic, axis: number): Symbolic {
  const size = x.shape[axis];
  if (size !== undefined) return composer.ints(Array.from({ length: size }, (_, index) => index));
  const given = composer.slice(composer.shapeOf(x), [axis], [1]);
  const limit = composer.op("Squeeze", [given], { shape: [] }, { squeeze_dims: attrs.ints([0]) });
  const inputs = [composer.ints([0], []), limit, composer.ints([1], [])];
  return composer.op("Range", inputs, { shape: [undefined] }, { Tidx: { type: "DT_INT32" } });
}

/**
 * Which queries may see which keys, as bool `[queries, keys]`: none after its own place.
 * @param queryAxis of `query` along which queries lie; `keyAxis` likewise.
 */
export function causalMask(
  composer: Composer,
  query: Symbolic,
  key: Symbolic,
  queryAxis: number,
  keyAxis: number,
): Symbolic {
  const rows = composer.expand(places(composer, query, queryAxis), 1);
  const columns = composer.expand(places(composer, key, keyAxis), 0);
  return composer.compare("GreaterEqual", rows, columns);
}

/** Which keys are less than `window` places away from each query, as bool `[queries, keys]`. */
export function slidingMask(composer: Composer, query: Symbolic, key: Symbolic, window: number): Symbolic {
  const rows = composer.expand(places(composer, query, 1), 1);
  const columns = composer.expand(places(composer, key, 1), 0);
  return composer.compare("Less", composer.unary("Abs", composer.sub(rows, columns)), composer.ints([window], []));
}

/** Where all masks are true. @returns `undefined` if there are none. */
export function allOf(composer: Composer, masks: readonly (Symbolic | undefined)[]): Symbolic | undefined {
  const [first, ...others] = masks.flatMap((mask) => mask ?? []);
  if (first === undefined) return undefined;
  return others.reduce((all, mask) => composer.binary("LogicalAnd", all, mask), first);
}

/** A mask as bools, of rank 2 if it comes with a sequence. */
export function asBools(composer: Composer, mask: Symbolic | undefined, rank?: number): Symbolic | undefined {
  if (mask === undefined) return undefined;
  if (rank !== undefined && mask.shape.length !== rank) throw new Untranslatable(`a mask of rank ${mask.shape.length}`);
  if (mask.dtype === "bool") return mask;
  const zero = composer.literal([0], [], mask.dtype);
  return composer.compare("NotEqual", mask, zero);
}
