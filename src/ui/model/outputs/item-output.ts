import type { DType } from "../../../index.js";

/** One output of one item, without the axis of the batch. */
export interface ItemOutput {
  readonly name: string;
  readonly dtype: DType;
  /** Row-major; `[]` is a single value. */
  readonly shape: readonly number[];
  readonly data: Values | readonly string[];
}

/** What a typed array of numbers and a list of them have in common. */
export interface Values extends ArrayLike<number> {
  slice(from: number, to: number): Values;
}

/** An output of numbers: float32, int32 or bool. */
export interface NumberOutput extends ItemOutput {
  readonly data: Values;
}

export function isNumeric(output: ItemOutput): output is NumberOutput {
  return output.dtype !== "string";
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The shape without axes of size 1, as [1, 17, 3] is one set of 17 points. */
export function squeezed(shape: readonly number[]): number[] {
  return shape.filter((size) => size !== 1);
}

export function everyValue(data: ArrayLike<number>, test: (value: number) => boolean): boolean {
  for (let i = 0; i < data.length; i++) if (!test(data[i]!)) return false;
  return true;
}
