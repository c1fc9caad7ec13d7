import {
  abs,
  add,
  cast,
  div,
  greaterEqual,
  less,
  mod,
  mul,
  round,
  scalar,
  sub,
  where,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { toBool } from "./take.js";

/** Whole numbers of fewer bits than TF.js keeps: [bits, signed]. */
const NARROW: Readonly<Record<string, readonly [number, boolean]>> = {
  DT_INT8: [8, true],
  DT_UINT8: [8, false],
  DT_INT16: [16, true],
  DT_UINT16: [16, false],
};

const FLOATS = new Set(["DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_BFLOAT16"]);
const WHOLE = new Set(["DT_INT32", "DT_INT64", "DT_UINT32", "DT_UINT64", ...Object.keys(NARROW)]);

/** Keep the leading bits of a float, rounded half to even. Source: Dekker, A floating-point technique (1971), splitting. */
function leadingBits(x: TfTensor, droppedBits: number): TfTensor {
  const scaled = mul(x, scalar(2 ** droppedBits + 1));
  return sub(scaled, sub(scaled, x));
}

/** The nearest number of 11 significant bits between 2^-24 and 65504, or infinity, as float16 has them. */
function toHalf(x: TfTensor): TfTensor {
  const size = abs(x);
  const subnormal = mul(round(mul(x, scalar(2 ** 24))), scalar(2 ** -24));
  const rounded = where(less(size, scalar(2 ** -14)), subnormal, leadingBits(x, 13));
  // 65520 is halfway to the next number, which float16 doesn't have. NaN is not less than it either.
  return where(
    less(size, scalar(65520)),
    rounded,
    div(x, where(greaterEqual(size, scalar(65520)), scalar(0), scalar(1))),
  );
}

/** Splitting would overflow near the largest numbers, which stay as they are. */
function toBfloat(x: TfTensor): TfTensor {
  return where(less(abs(x), scalar(1e33)), leadingBits(x, 16), x);
}

function toNarrow(x: TfTensor, [bits, isSigned]: readonly [number, boolean]): TfTensor {
  const range = scalar(2 ** bits, "int32");
  const half = scalar(isSigned ? 2 ** (bits - 1) : 0, "int32");
  return cast(sub(mod(add(cast(x, "int32"), half), range), half), "int32");
}

const castTo: KernelOp = (node) => castTensor(node, node.tensor(0), node.attr.type("DstT"));

function castTensor(node: KernelNode, x: TfTensor, type: string): TfTensor {
  const narrow = Object.hasOwn(NARROW, type) ? NARROW[type] : undefined;
  if (narrow !== undefined) return toNarrow(x, narrow);
  if (type === "DT_BOOL") return toBool(x);
  if (type === "DT_HALF" && x.dtype === "float32") return toHalf(x);
  if (type === "DT_BFLOAT16" && x.dtype === "float32") return toBfloat(x);
  if (FLOATS.has(type)) return cast(x, "float32");
  if (WHOLE.has(type)) return cast(x, "int32");
  if (type === "DT_COMPLEX64" || type === "DT_COMPLEX128") return cast(x, "complex64");
  return node.attr.refuse(`the target type ${type}`);
}

export const CAST_OPS: Readonly<Record<string, KernelOp>> = { Cast: castTo };
