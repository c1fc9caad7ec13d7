import { asJsonObject } from "../artifacts.js";
import {
  fixed,
  itemRows,
  mixed,
  moved,
  UNKNOWN,
  type BatchAxis,
  type BatchTensor,
  type BatchValue,
  type Count,
  type Size,
} from "./batch-value.js";
import { named, rules, spoiled, type OpCall, type OpRule } from "./op-rule.js";

/** Each element of the result depends on one element of the input. */
const UNARY =
  "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Erfc Erfinv Exp Expm1 Floor IsFinite IsInf IsNan LeakyRelu Log Log1p " +
  "LogicalNot Neg Reciprocal Relu Relu6 Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square StopGradient Snapshot " +
  "Tan Tanh Real Imag ComplexAbs Conj Angle CheckNumerics PreventGradient Invert Lgamma Digamma Ndtri BesselI0e BesselI1e " +
  "FakeQuantWithMinMaxArgs _FusedHardSwish Bucketize StringLower StringUpper StringStrip StringLength StaticRegexReplace " +
  "StaticRegexFullMatch RegexReplace RegexFullMatch StringToHashBucketFast StringToHashBucket StringToHashBucketStrong StringToNumber AsString EncodeBase64 " +
  "DecodeBase64 UnicodeTranscode";

/** Each element of the result depends on the elements at its place in all inputs, which are stretched to one shape. */
const BROADCASTING =
  "Add AddV2 Sub Mul RealDiv Div DivNoNan FloorDiv FloorMod Mod TruncateDiv TruncateMod Maximum Minimum Pow SquaredDifference Atan2 Equal " +
  "NotEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr LogicalXor Xlogy Xdivy Xlog1py BitwiseAnd BitwiseOr BitwiseXor " +
  "Complex AddN SelectV2 ClipByValue Prelu ApproximateEqual Igamma Igammac Zeta Polygamma NextAfter Substr MulNoNan StringJoin LeftShift RightShift";

export const ELEMENTWISE: Readonly<Record<string, OpRule>> = {
  ...rules(UNARY, (call) => elementwise({ ...call, inputs: call.inputs.slice(0, 1) })),
  ...rules(BROADCASTING, elementwise),
  // These keep known counts.
  ...rules("Identity Cast EnsureShape Print", ({ inputs: [x] }) => x ?? UNKNOWN),
  // Between types of another size it adds or removes an axis.
  Bitcast: ({ attr, inputs: [x] }) => {
    const keepsSize = [attr.T, attr.type].every((each) =>
      ["DT_FLOAT", "DT_INT32", "DT_UINT32"].some((type) => asJsonObject(each).type === type),
    );
    return x?.kind !== "tensor" ? (x ?? UNKNOWN) : keepsSize ? { ...x, counts: undefined } : UNKNOWN;
  },
  IdentityN: ({ inputs }) => inputs,
  ...rules("ZerosLike OnesLike", ({ inputs: [x] }) => (x?.kind === "tensor" ? uniform(x) : (x ?? UNKNOWN))),
  // The condition of the old `Select` may be a vector that chooses whole rows.
  Select: (call) => {
    const [condition, whenTrue] = call.inputs;
    if (condition?.kind !== "tensor" || whenTrue?.kind !== "tensor") return spoiled(call.inputs) ?? UNKNOWN;
    const { shape } = condition;
    if (shape?.length !== 1 || whenTrue.shape === undefined) return elementwise(call);
    const tall = { ...condition, shape: [...shape, ...whenTrue.shape.slice(1).map(() => 1)] };
    return elementwise({ ...call, inputs: [tall, ...call.inputs.slice(1)] });
  },
  // The other inputs are one value for each channel.
  ...rules(
    "BiasAdd BiasAddV1 FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel",
    ({ inputs: [x, ...others] }) =>
      others.some((other) => other.kind !== "tensor" || other.batch !== undefined)
        ? (spoiled(others) ?? UNKNOWN)
        : (x ?? UNKNOWN),
  ),
  ...rules("LookupTableFind LookupTableFindV2", (call) => elementwise({ ...call, inputs: call.inputs.slice(1, 2) })),
};

function uniform({ shape, batch }: BatchTensor): BatchTensor {
  return batch === undefined ? fixed(shape) : itemRows(shape, { ...batch, isUniform: true });
}

/** Combine tensors element by element. */
export function elementwise(call: OpCall): BatchValue {
  const { inputs } = call;
  const bad = spoiled(inputs);
  const tensors = inputs.filter((each): each is BatchTensor => each.kind === "tensor");
  if (bad !== undefined || tensors.length === 0) return bad ?? UNKNOWN;
  const usesCount = tensors.some((tensor) => tensor.usesCount);
  if (tensors.every(({ batch }) => batch === undefined)) {
    return { ...fixed(broadcast(tensors)), ...countsAfter(call, tensors), usesCount };
  }
  if (usesCount) return mixed(`${named(call)} uses the number of items`);
  return stretchItems(tensors);
}

/** Stretch tensors, some of them of items, to one shape. */
function stretchItems(tensors: readonly BatchTensor[]): BatchValue {
  const isScalar = ({ shape, batch }: BatchTensor): boolean => shape?.length === 0 && batch === undefined;
  if (tensors.some(({ shape }) => shape === undefined)) {
    const [only, ...others] = tensors.filter((tensor) => !isScalar(tensor));
    return only !== undefined && others.length === 0 ? { ...only, counts: undefined } : UNKNOWN;
  }
  const rank = tensors.reduce((most, { shape }) => Math.max(most, shape!.length), 0);
  const placed = tensors.flatMap(({ shape, batch }) =>
    batch === undefined ? [] : moved(batch, batch.axis + rank - shape!.length),
  );
  const batch = placed.reduce<BatchAxis | undefined>(joinAxes, placed[0]);
  if (batch === undefined) return UNKNOWN;
  // A fixed size along the batch would fit one number of items only.
  const isFree = tensors.every(({ shape, batch: own }) => {
    const size = shape![batch.axis - rank + shape!.length];
    return own !== undefined || batch.axis < rank - shape!.length || size === 1;
  });
  return isFree ? itemRows(broadcast(tensors), batch) : UNKNOWN;
}

/** The batch of two tensors that are combined row by row; `undefined` if their rows don't agree. */
export function joinAxes(a: BatchAxis | undefined, b: BatchAxis): BatchAxis | undefined {
  if (a === undefined || a.axis !== b.axis || a.inner === undefined || b.inner === undefined) {
    return a === b ? a : undefined;
  }
  if (a.outer === b.outer && a.inner === b.inner) return { ...a, isUniform: a.isUniform && b.isUniform };
  if (a.outer * a.inner !== b.outer * b.inner) return undefined;
  return a.isUniform ? b : b.isUniform ? a : undefined;
}

/** The shape that tensors are stretched to; unknown sizes stay unknown. */
function broadcast(tensors: readonly BatchTensor[]): readonly Size[] | undefined {
  if (tensors.some(({ shape }) => shape === undefined)) return undefined;
  const rank = tensors.reduce((most, { shape }) => Math.max(most, shape!.length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = tensors.map(({ shape }) => (axis < rank - shape!.length ? 1 : shape![axis - rank + shape!.length]));
    return sizes.find((size) => size !== undefined && size !== 1) ?? (sizes.includes(undefined) ? undefined : 1);
  });
}

const ARITHMETIC: Readonly<Record<string, (a: Count, b: Count) => Count>> = {
  Mul: times,
  Add: (a, b) => plus(a, b, 1),
  AddV2: (a, b) => plus(a, b, 1),
  Sub: (a, b) => plus(a, b, -1),
  FloorDiv: over,
  // A quotient that is no whole number is no count.
  RealDiv: (a, b) => (typeof a === "number" && typeof b === "number" && a % b !== 0 ? undefined : over(a, b)),
  Maximum: (a, b) => (typeof a === "number" && typeof b === "number" ? Math.max(a, b) : undefined),
  Minimum: (a, b) => (typeof a === "number" && typeof b === "number" ? Math.min(a, b) : undefined),
};

/** The counts in the result of arithmetic with shapes. */
function countsAfter({ op }: OpCall, [a, b]: readonly BatchTensor[]): { readonly counts?: readonly Count[] } {
  const compute = Object.hasOwn(ARITHMETIC, op) ? ARITHMETIC[op] : undefined;
  if (compute === undefined || a?.counts === undefined || b?.counts === undefined) return {};
  if ((a.shape?.length ?? 2) > 1 || (b.shape?.length ?? 2) > 1) return {};
  const length = Math.max(a.counts.length, b.counts.length);
  const at = (counts: readonly Count[], index: number): Count => (counts.length === 1 ? counts[0] : counts[index]);
  return { counts: Array.from({ length }, (_, index) => compute(at(a.counts!, index), at(b.counts!, index))) };
}

export function times(a: Count, b: Count): Count {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === "number") return typeof b === "number" ? a * b : { n: a * b.n };
  return typeof b === "number" ? { n: a.n * b } : undefined;
}

function plus(a: Count, b: Count, sign: number): Count {
  if (typeof a === "number" && typeof b === "number") return a + sign * b;
  return typeof a === "object" && typeof b === "object" ? { n: a.n + sign * b.n } : undefined;
}

function over(a: Count, b: Count): Count {
  if (typeof b !== "number" || b === 0) return undefined;
  if (typeof a === "number") return Math.floor(a / b);
  return typeof a === "object" && a.n % b === 0 ? { n: a.n / b } : undefined;
}
