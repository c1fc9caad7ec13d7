import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { reshaped } from "./convolutions.js";
import { asJsonObject, asNumber } from "../artifacts.js";
import { show } from "../malformed.js";
import { type Emitter, type Symbolic, toFloat, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";
import type { StoredWeight } from "../../protocol/weight-recipe.js";

/** Keras' smallest deviation. */
const LEAST_DEVIATION = 1e-7;

/** Rescaling by a number, or a list that broadcasts against the last axis. */
export const emitRescaling: EmitLayer = (emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  const x = toFloat(emitter, name, given!);
  const scale = tensorOption(composer, layer, "scale");
  const offset = tensorOption(composer, layer, "offset", 0);
  return composer.named(composer.add(composer.mul(x, scale), offset));
};

/** Stretch each channel over the whole range of values. A channel of a single value stays as it is. */
export const emitAutoContrast: EmitLayer = (emitter, layer, [given], name) => {
  if (given!.shape.length !== 4) throw new Untranslatable(`an input of rank ${given!.shape.length}`);
  const composer = new Composer(emitter, name);
  const x = toFloat(emitter, name, given!);
  const [low, high] = numbersIn(layer.config.value_range ?? [0, 255])?.values ?? [];
  if (low === undefined || high === undefined || !(high > low)) throw new Untranslatable("value_range");
  const [least, most] = [composer.reduce("Min", x, [1, 2], true), composer.reduce("Max", x, [1, 2], true)];
  const isFlat = composer.compare("Equal", least, most);
  const span = composer.select(isFlat, composer.scalar(1), composer.sub(most, least));
  const share = composer.div(composer.sub(x, least), span);
  const stretched = composer.add(composer.mul(share, composer.scalar(high - low)), composer.scalar(low));
  return composer.named(composer.select(isFlat, x, stretched));
};

/** Read a number or nested lists of numbers, perhaps as Keras 3 writes an array. */
function tensorOption(composer: Composer, { config }: LayerConfig, key: string, fallback?: number): Symbolic {
  const value = numbersIn(config[key] ?? fallback);
  if (value === undefined) throw new Untranslatable(`${key} = ${show(config[key], 40)}`);
  return composer.literal(value.values, value.shape);
}

/** Read nested lists of finite numbers of one length each; `undefined` if they are anything else. */
export function numbersIn(value: unknown): { readonly values: number[]; readonly shape: number[] } | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return { values: [value], shape: [] };
  if (!Array.isArray(value)) {
    const { class_name: className, config } = asJsonObject(value);
    const isArray = className === "__numpy__" || className === "__tensor__";
    return isArray ? numbersIn(asJsonObject(config).value) : undefined;
  }
  const rows = value.map(numbersIn);
  const [first] = rows;
  if (first === undefined) return undefined;
  const isEven = rows.every((row) => row !== undefined && row.shape.join() === first.shape.join());
  return isEven ? { values: rows.flatMap((row) => row!.values), shape: [rows.length, ...first.shape] } : undefined;
}

/** Normalization with the mean and variance of the config, or of the weights that `adapt` computed. */
export const emitNormalization: EmitLayer = (emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  const x = toFloat(emitter, name, given!);
  const rank = x.shape.length;
  const kept = keptAxes(layer, rank);
  const broadcast = x.shape.map((size, axis) => {
    if (!kept.includes(axis)) return 1;
    if (size === undefined) throw new Untranslatable("an axis of unknown size");
    return size;
  });
  const mean = statistic(composer, layer, "mean", broadcast);
  const deviation = composer.unary("Sqrt", statistic(composer, layer, "variance", broadcast));
  const divisor = composer.binary("Maximum", deviation, composer.scalar(LEAST_DEVIATION));
  if (layer.boolean("invert", false)) return composer.named(composer.add(mean, composer.mul(x, divisor)));
  return composer.named(composer.div(composer.sub(x, mean), divisor));
};

/** `null`, or an empty list, keeps no axis: one mean for all values. */
function keptAxes({ config }: LayerConfig, rank: number): number[] {
  const value = config.axis === undefined ? -1 : (config.axis ?? []);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((each) => {
    const axis = asNumber(each) < 0 ? asNumber(each) + rank : asNumber(each);
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank) throw new Untranslatable(`axis ${show(value, 40)}`);
    return axis;
  });
}

function statistic(
  composer: Composer,
  layer: LayerConfig,
  key: "mean" | "variance",
  shape: readonly number[],
): Symbolic {
  const count = shape.reduce((total, size) => total * size, 1);
  const given: unknown = layer.config[key];
  if (given === undefined || given === null) {
    const stored = adapted(composer.emitter, layer, key);
    const size = stored.shape.reduce((total, each) => total * each, 1);
    if (size !== count) throw new Untranslatable(`a ${key} of ${size} values for ${count}`);
    return composer.recipe(key, reshaped(stored, shape));
  }
  const values = numbersIn(given);
  // Keras multiplies what is given with ones of the kept axes' shape.
  if (values === undefined || (values.values.length !== count && values.values.length !== 1)) {
    throw new Untranslatable(`${key} = ${show(given, 40)}`);
  }
  const all = values.values.length === count ? values.values : Array.from({ length: count }, () => values.values[0]!);
  return composer.literal(all, shape);
}

/** Keras 2 writes the statistics without their layer's name. */
function adapted(emitter: Emitter, layer: LayerConfig, key: string): StoredWeight {
  try {
    return emitter.stored(layer.name, key);
  } catch (thrown) {
    const bare = emitter.bare(key);
    if (!(thrown instanceof Untranslatable) || bare === undefined) throw thrown;
    return bare;
  }
}
