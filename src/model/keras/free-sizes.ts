import { attrs, type Emitter, FLOAT, type Symbolic, typeOf } from "./emitter.js";

const INT32 = { T: { type: "DT_INT32" } };

/** Emit the sizes of `x`, `count` of them starting at axis `from`, as a tensor that is computed during the run. */
function sizesOf(emitter: Emitter, name: string, x: string, from: number, count: number): string {
  const shape = emitter.node(`${name}/Shape`, "Shape", [x], { ...FLOAT, out_type: { type: "DT_INT32" } });
  const bounds = [emitter.int32(`${name}/begin`, [from]), emitter.int32(`${name}/count`, [count])];
  return emitter.node(name, "Slice", [shape, ...bounds], { ...INT32, Index: { type: "DT_INT32" } });
}

/** Emit height and width of the pictures `x`, times `factors`. */
export function scaledSizes(emitter: Emitter, name: string, x: string, factors: readonly number[]): string {
  const inputs = [sizesOf(emitter, `${name}/given`, x, 1, 2), emitter.int32(`${name}/factors`, factors)];
  return emitter.node(name, "Mul", inputs, INT32);
}

/** Emit `x` times `kernel`, summed over the axes that both have, for tensors whose inner sizes are not known. */
export function einsum(
  emitter: Emitter,
  name: string,
  x: string,
  kernel: string,
  ranks: { readonly free: number; readonly summed: number; readonly added: number },
): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const { free, summed, added } = ranks;
  const ofX = letters.slice(0, free + summed);
  const ofKernel = letters.slice(free, free + summed + added);
  const equation = `${ofX},${ofKernel}->${letters.slice(0, free)}${letters.slice(free + summed, free + summed + added)}`;
  return emitter.node(name, "Einsum", [x, kernel], { ...FLOAT, equation: attrs.string(equation), N: attrs.int(2) });
}

/**
 * Emit the rows `[batch·time, …]` as `[batch, time, ...inner]`, with batch and time of the sequence `like`.
 * @param dtype of the rows.
 */
export function reshapeSteps(
  emitter: Emitter,
  name: string,
  rows: string,
  like: Symbolic,
  inner: readonly number[],
  dtype: Symbolic["dtype"] = "float32",
): Symbolic {
  const [batch, time] = like.shape;
  const shape =
    time === undefined
      ? leadingSizes(emitter, `${name}/shape`, like.reference, 2, inner)
      : emitter.int32(`${name}/shape`, [-1, time, ...inner]);
  const reference = emitter.node(name, "Reshape", [rows, shape], { T: { type: typeOf(dtype) } });
  return { reference, shape: [batch, time, ...inner], dtype };
}

/** Emit a shape: the first `count` sizes of `x`, then `inner`. */
function leadingSizes(emitter: Emitter, name: string, x: string, count: number, inner: readonly number[]): string {
  const given = sizesOf(emitter, `${name}/leading`, x, 0, count);
  if (inner.length === 0) return given;
  const attr = { ...INT32, N: attrs.int(2), Tidx: { type: "DT_INT32" } };
  const axis = emitter.int32(`${name}/axis`, [0], []);
  return emitter.node(name, "ConcatV2", [given, emitter.int32(`${name}/inner`, inner), axis], attr);
}
