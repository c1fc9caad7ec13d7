import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { inEitherFormat } from "./data-format.js";
import { knownSizes, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** ZeroPadding1D, ZeroPadding2D and ZeroPadding3D. */
export const emitZeroPadding = (rank: 1 | 2 | 3): EmitLayer =>
  inEitherFormat((emitter, layer, [x], name) => {
    if (x!.shape.length !== rank + 2) throw new Untranslatable(`an input of rank ${x!.shape.length}`);
    const composer = new Composer(emitter, name);
    return composer.named(composer.pad(x!, [[0, 0], ...sidesOf(layer, "padding", rank, 1), [0, 0]]));
  });

/** Cropping1D, Cropping2D and Cropping3D. */
export const emitCropping = (rank: 1 | 2 | 3): EmitLayer =>
  inEitherFormat((emitter, layer, [x], name) => {
    if (x!.shape.length !== rank + 2) throw new Untranslatable(`an input of rank ${x!.shape.length}`);
    const composer = new Composer(emitter, name);
    const sides = sidesOf(layer, "cropping", rank, rank === 2 ? 0 : 1);
    const inner = sides.map(([before, after], index) => {
      if (before === 0 && after === 0) return undefined;
      const [size] = knownSizes(x!.shape.slice(index + 1, index + 2), 0) as [number];
      if (size <= before + after) throw new Untranslatable("cropping that leaves nothing");
      return size - before - after;
    });
    const begin = [0, ...sides.map(([before]) => before), 0];
    return composer.named(composer.slice(x!, begin, [undefined, ...inner, undefined]));
  });

/**
 * Read the amounts before and after each axis: `1`, `[1, 2]` (one for both sides of each axis) or `[[1, 2], [3, 4]]`. Of a sequence,
 * `[1, 2]` are the two sides.
 */
function sidesOf({ config }: LayerConfig, key: string, rank: number, fallback: number): [number, number][] {
  const value: unknown = config[key] ?? fallback;
  const isPair = rank === 1 && Array.isArray(value) && !Array.isArray(value[0]);
  const list: unknown[] = isPair ? [value] : Array.isArray(value) ? value : Array.from({ length: rank }, () => value);
  const sides = list.map((each): unknown[] => (Array.isArray(each) ? each : [each, each]));
  const isCount = (each: unknown): each is number => Number.isSafeInteger(each) && Number(each) >= 0;
  return Array.from({ length: rank }, (_, axis): [number, number] => {
    const [before, after] = sides[axis] ?? [];
    if (sides.length !== rank || !isCount(before) || !isCount(after)) throw new Untranslatable(key);
    return [before, after];
  });
}
