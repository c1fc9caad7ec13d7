import type { InputTensor, TensorSpec } from "inference-sharder";
import { seededRandom } from "../../src/core/random.js";

export interface InputAttempt {
  /** The size used for free sizes, as a text for the report; empty if the model leaves none free. */
  readonly sizes: string;
  /** The shape of one item by input name; a free axis 0 is 1. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Tried in this order if a model leaves a size free, since not every model works with every size. */
const SIZES = [64, 128, 224, 256, 32, 192, 16, 8, 320, 1, 512];
/** Below the vocabulary of any token model. */
const INT_RANGE = 10;

/** Input shapes to try, the likely ones first. */
export function inputAttempts(specs: readonly TensorSpec[]): InputAttempt[] {
  const isFree = specs.some(({ shape }) => shape === undefined || shape.slice(1).includes(-1));
  if (!isFree) return [{ sizes: "", shapes: shapesOf(specs, 1, 1, false) }];
  return SIZES.flatMap((size) => {
    const attempts: InputAttempt[] = [];
    for (const channels of [3, 1]) {
      for (const isFlat of [false, true]) {
        attempts.push({ sizes: `free sizes → ${size}`, shapes: shapesOf(specs, size, channels, isFlat) });
      }
    }
    const seen = new Set<string>();
    return attempts.filter(({ shapes }) => {
      const key = JSON.stringify(shapes);
      return !seen.has(key) && seen.add(key);
    });
  });
}

/** @param isFlat whether an input of unknown rank is a list of numbers, not a picture. */
function shapesOf(
  specs: readonly TensorSpec[],
  size: number,
  channels: number,
  isFlat: boolean,
): InputAttempt["shapes"] {
  return Object.fromEntries(
    specs.map(({ name, shape = isFlat ? [-1, -1] : [-1, -1, -1, -1] }) => [
      name,
      shape.map((each, axis) => {
        if (each !== -1) return each;
        if (axis === 0) return 1;
        return shape.length === 4 && axis === 3 ? channels : size;
      }),
    ]),
  );
}

/** The inputs that carry items along axis 0, by the rules of the README. */
export function batchedInputs(specs: readonly TensorSpec[]): string[] {
  const free = specs.filter(({ shape }) => shape === undefined || shape[0] === -1);
  const chosen = free.length > 0 ? free : specs.filter(({ shape }) => shape?.[0] === 1);
  return chosen.map(({ name }) => name);
}

/**
 * The item `seed`: floats 0 ≤ x < 1 like a picture's, whole numbers 0 … 9, bools 0 or 1, short strings. The same seed
 * gives the same item.
 */
export function makeItem(
  specs: readonly TensorSpec[],
  { shapes }: InputAttempt,
  seed: number,
): Record<string, InputTensor> {
  const random = seededRandom(seed * 7919 + 1);
  return Object.fromEntries(
    specs.map(({ name, dtype }): [string, InputTensor] => {
      const shape = [...shapes[name]!];
      const length = shape.reduce((product, size) => product * size, 1);
      switch (dtype) {
        case "float32":
          return [name, { dtype, shape, data: Float32Array.from({ length }, () => random()) }];
        case "int32":
          return [name, { dtype, shape, data: Int32Array.from({ length }, () => Math.floor(random() * INT_RANGE)) }];
        case "bool":
          return [name, { dtype, shape, data: Uint8Array.from({ length }, () => Math.round(random())) }];
        case "string":
          return [name, { dtype, shape, data: Array.from({ length }, (_, i) => `text ${seed} ${i}`) }];
      }
    }),
  );
}

/** Joins items into one batch: batched inputs along axis 0, the other inputs from the first item. */
export function joinItems(
  items: readonly Readonly<Record<string, InputTensor>>[],
  batched: readonly string[],
): Record<string, InputTensor> {
  const joined: Record<string, InputTensor> = { ...items[0]! };
  for (const name of batched) {
    const parts = items.map((item) => item[name]!);
    const [first] = parts;
    const shape = [parts.reduce((rows, part) => rows + part.shape[0]!, 0), ...first!.shape.slice(1)];
    const numbers = parts.flatMap(({ data }) => [...(data as Iterable<number | string>)]);
    const data =
      first!.data instanceof Float32Array
        ? Float32Array.from(numbers as number[])
        : first!.data instanceof Int32Array
          ? Int32Array.from(numbers as number[])
          : first!.data instanceof Uint8Array
            ? Uint8Array.from(numbers as number[])
            : (numbers as string[]);
    joined[name] = { dtype: first!.dtype, shape, data } as InputTensor;
  }
  return joined;
}
