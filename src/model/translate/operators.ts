/** The number of a field in a table of options, and how its value is stored. */
type Field = readonly [slot: number, kind: "byte" | "int" | "float" | "flag"];

interface Options {
  /** The number of the table in the union of all options. */
  readonly type: number;
  readonly fields: Readonly<Record<string, Field>>;
}

interface Operator {
  readonly code: number;
  readonly options?: Options;
  /** Default: 1. */
  readonly version?: number;
}

const window = (type: number, activation: number, dilation: number): Options => ({
  type,
  fields: {
    padding: [0, "byte"],
    strideWidth: [1, "int"],
    strideHeight: [2, "int"],
    activation: [activation, "byte"],
    dilationWidth: [dilation, "int"],
    dilationHeight: [dilation + 1, "int"],
  },
});
const depthwise = window(2, 4, 5);
const pool: Options = {
  type: 5,
  fields: {
    padding: [0, "byte"],
    strideWidth: [1, "int"],
    strideHeight: [2, "int"],
    filterWidth: [3, "int"],
    filterHeight: [4, "int"],
    activation: [5, "byte"],
  },
};
const activated = (type: number): Options => ({ type, fields: { activation: [0, "byte"] } });
const reducer: Options = { type: 27, fields: { keepDims: [0, "flag"] } };
const ofType = (type: number): Options => ({ type, fields: { outputType: [0, "byte"] } });
const block = (type: number): Options => ({ type, fields: { blockSize: [0, "int"] } });
const empty = (type: number): Options => ({ type, fields: {} });

/** The operators that are written, by TensorFlow Lite's own names, numbers and fields. Source: its schema, version 3. */
export const OPERATORS = {
  ADD: { code: 0, options: activated(11) },
  AVERAGE_POOL_2D: { code: 1, options: pool },
  CONCATENATION: { code: 2, options: { type: 10, fields: { axis: [0, "int"], activation: [1, "byte"] } } },
  CONV_2D: { code: 3, options: window(1, 3, 4) },
  DEPTHWISE_CONV_2D: {
    code: 4,
    options: { ...depthwise, fields: { ...depthwise.fields, depthMultiplier: [3, "int"] } },
  },
  DEPTH_TO_SPACE: { code: 5, options: block(94) },
  FLOOR: { code: 8 },
  FULLY_CONNECTED: { code: 9, options: { type: 8, fields: { activation: [0, "byte"], keepNumDims: [2, "flag"] } } },
  LOCAL_RESPONSE_NORMALIZATION: {
    code: 13,
    options: {
      type: 13,
      fields: { radius: [0, "int"], bias: [1, "float"], alpha: [2, "float"], beta: [3, "float"] },
    },
  },
  LOGISTIC: { code: 14 },
  MAX_POOL_2D: { code: 17, options: pool },
  MUL: { code: 18, options: activated(21) },
  RELU: { code: 19 },
  RELU6: { code: 21 },
  RESHAPE: { code: 22, options: empty(17) },
  RESIZE_BILINEAR: {
    code: 23,
    options: { type: 15, fields: { alignCorners: [2, "flag"], halfPixelCenters: [3, "flag"] } },
  },
  SOFTMAX: { code: 25, options: { type: 9, fields: { beta: [0, "float"] } } },
  SPACE_TO_DEPTH: { code: 26, options: block(19) },
  TANH: { code: 28 },
  PAD: { code: 34, options: empty(22) },
  GATHER: { code: 36, options: { type: 23, fields: { axis: [0, "int"], batchDims: [1, "int"] } } },
  BATCH_TO_SPACE_ND: { code: 37, options: empty(24) },
  SPACE_TO_BATCH_ND: { code: 38, options: empty(25) },
  TRANSPOSE: { code: 39, options: empty(26) },
  MEAN: { code: 40, options: reducer },
  SUB: { code: 41, options: activated(28) },
  DIV: { code: 42, options: activated(29) },
  STRIDED_SLICE: {
    code: 45,
    options: {
      type: 32,
      fields: {
        beginMask: [0, "int"],
        endMask: [1, "int"],
        ellipsisMask: [2, "int"],
        newAxisMask: [3, "int"],
        shrinkAxisMask: [4, "int"],
      },
    },
  },
  EXP: { code: 47, options: empty(33) },
  TOPK_V2: { code: 48, options: empty(34) },
  SPLIT: { code: 49, options: { type: 35, fields: { splitCount: [0, "int"] } } },
  LOG_SOFTMAX: { code: 50, options: empty(36) },
  CAST: { code: 53, options: { type: 37, fields: { from: [0, "byte"], to: [1, "byte"] } } },
  PRELU: { code: 54 },
  MAXIMUM: { code: 55, options: empty(39) },
  ARG_MAX: { code: 56, options: ofType(40) },
  MINIMUM: { code: 57, options: empty(39) },
  LESS: { code: 58, options: empty(41) },
  NEG: { code: 59, options: empty(42) },
  PADV2: { code: 60, options: empty(43) },
  GREATER: { code: 61, options: empty(44) },
  GREATER_EQUAL: { code: 62, options: empty(45) },
  LESS_EQUAL: { code: 63, options: empty(46) },
  SLICE: { code: 65, options: empty(48) },
  SIN: { code: 66 },
  TRANSPOSE_CONV: {
    code: 67,
    options: {
      type: 49,
      fields: { padding: [0, "byte"], strideWidth: [1, "int"], strideHeight: [2, "int"], activation: [3, "byte"] },
    },
  },
  TILE: { code: 69, options: empty(51) },
  EQUAL: { code: 71, options: empty(53) },
  NOT_EQUAL: { code: 72, options: empty(54) },
  LOG: { code: 73 },
  SUM: { code: 74, options: reducer },
  SQRT: { code: 75 },
  RSQRT: { code: 76 },
  POW: { code: 78, options: empty(56) },
  ARG_MIN: { code: 79, options: ofType(57) },
  REDUCE_PROD: { code: 81, options: reducer },
  REDUCE_MAX: { code: 82, options: reducer },
  PACK: { code: 83, options: { type: 59, fields: { count: [0, "int"], axis: [1, "int"] } } },
  LOGICAL_OR: { code: 84, options: empty(60) },
  ONE_HOT: { code: 85, options: { type: 61, fields: { axis: [0, "int"] } } },
  LOGICAL_AND: { code: 86, options: empty(62) },
  LOGICAL_NOT: { code: 87, options: empty(63) },
  UNPACK: { code: 88, options: { type: 64, fields: { count: [0, "int"], axis: [1, "int"] } } },
  REDUCE_MIN: { code: 89, options: reducer },
  FLOOR_DIV: { code: 90, options: empty(65) },
  REDUCE_ANY: { code: 91, options: reducer },
  SQUARE: { code: 92, options: empty(66) },
  FLOOR_MOD: { code: 95, options: empty(72) },
  RESIZE_NEAREST_NEIGHBOR: {
    code: 97,
    options: { type: 74, fields: { alignCorners: [0, "flag"], halfPixelCenters: [1, "flag"] } },
  },
  LEAKY_RELU: { code: 98, options: { type: 75, fields: { alpha: [0, "float"] } } },
  SQUARED_DIFFERENCE: { code: 99, options: empty(76) },
  MIRROR_PAD: { code: 100, options: { type: 77, fields: { mode: [0, "byte"] } } },
  ABS: { code: 101, options: empty(78) },
  SPLIT_V: { code: 102, options: { type: 79, fields: { splitCount: [0, "int"] } } },
  CEIL: { code: 104 },
  REVERSE_V2: { code: 105, options: empty(81) },
  GATHER_ND: { code: 107, options: empty(83) },
  COS: { code: 108, options: empty(84) },
  ELU: { code: 111 },
  ROUND: { code: 116 },
  HARD_SWISH: { code: 117, options: empty(91) },
  SELECT_V2: { code: 123, options: empty(98) },
  BATCH_MATMUL: { code: 126, options: { type: 101, fields: { adjointX: [0, "flag"], adjointY: [1, "flag"] } } },
  CUMSUM: { code: 128, options: { type: 102, fields: { exclusive: [0, "flag"], reverse: [1, "flag"] } } },
  BROADCAST_TO: { code: 130, options: empty(104), version: 2 },
  REDUCE_ALL: { code: 140, options: reducer },
  GELU: { code: 150, options: { type: 116, fields: { approximate: [0, "flag"] } } },
} as const satisfies Record<string, Operator>;

export type OperatorName = keyof typeof OPERATORS;

/** What is known of an operator, without its name's own type. */
export function operatorNamed(name: OperatorName): Operator {
  return OPERATORS[name];
}

/** How the fields of operators number the paddings, the fused activations and the ways to mirror. */
export const PADDING = { SAME: 0, VALID: 1 } as const;
export const ACTIVATION = { NONE: 0, RELU: 1, RELU6: 3 } as const;
export const MIRROR = { REFLECT: 0, SYMMETRIC: 1 } as const;
