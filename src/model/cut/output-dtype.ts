import type { DType } from "../../protocol/tensors.js";
import { asJsonObject, type JsonObject, asNumber } from "../artifacts.js";
import { DTYPES } from "../read-graph.js";
import type { GraphNode } from "../graph/graph.js";
import { ownOp } from "../own-ops.js";

const BOOL_OPS =
  /^(Equal|NotEqual|Greater(Equal)?|Less(Equal)?|Logical(And|Or|Not|Xor)|Is(NaN|Nan|Inf|Finite)|Any|All|LoopCond|ApproximateEqual)$/;
const RANDOM_OPS =
  /^(Stateless)?(RandomUniform|RandomStandardNormal|RandomNormal|TruncatedNormal|ParameterizedTruncatedNormal)(V2)?$/;
const INT32_OPS =
  /^(Shape|ShapeN|Size|Rank|ArgMax|ArgMin|Where|NonMaxSuppression(V2|V3)?|Multinomial|TensorArraySizeV3|TensorListLength|LookupTableSize(V2)?|BroadcastArgs|InvertPermutation)$/;
/** For ops whose outputs differ in dtype, the indices of the int32 outputs; the other outputs have the dtype of attribute T. */
const INT32_OUTPUTS: Readonly<Record<string, readonly number[]>> = {
  TopKV2: [1],
  TopK: [1],
  Unique: [1],
  UniqueV2: [1],
  UniqueWithCounts: [1, 2],
  NonMaxSuppressionV4: [0, 1],
  NonMaxSuppressionV5: [0, 2],
  ListDiff: [1],
  MaxPoolWithArgmax: [1],
};

/** The dtype of an output in TF.js; `undefined` if it doesn't follow from the node's op and attributes. */
export function outputDtype({ op, attr }: GraphNode, index: number): DType | undefined {
  const own = ownOp(op)?.outputs.flatMap((stated) => repeated(stated, attr));
  if (own !== undefined) return ownDtype(own[Math.min(index, own.length - 1)]!, attr);
  // Their T is the dtype of the shape that they take.
  if (RANDOM_OPS.test(op)) return typeOf(attr, "dtype") ?? "float32";
  if (BOOL_OPS.test(op)) return "bool";
  if (INT32_OPS.test(op)) return "int32";
  if (op === "SparseFillEmptyRows" && index === 2) return "bool";
  if (INT32_OUTPUTS[op] !== undefined && Object.hasOwn(INT32_OUTPUTS, op)) {
    if (INT32_OUTPUTS[op].includes(index)) return "int32";
    return op.startsWith("NonMaxSuppression") ? "float32" : typeOf(attr, "T");
  }
  const list = asJsonObject(asJsonObject(attr.Tout ?? attr.output_types ?? attr.T).list).type;
  if (Array.isArray(list)) return DTYPES.get(list[index]);
  return (
    typeOf(attr, "DstT") ??
    typeOf(attr, "Tout") ??
    typeOf(attr, "output_type") ??
    typeOf(attr, "out_type") ??
    typeOf(attr, "Tparams") ??
    typeOf(attr, "T") ??
    typeOf(attr, "dtype")
  );
}

/** "int32*N" stands for as many outputs as the attribute N says. */
function repeated(stated: string, attr: JsonObject): string[] {
  const [dtype = "", count] = stated.split("*");
  const times = count === undefined ? 1 : asNumber(asJsonObject(attr[count]).i);
  return Array.from({ length: times > 0 ? times : 0 }, () => dtype);
}

/** @param stated a dtype, or the attribute that has it. */
function ownDtype(stated: string, attr: JsonObject): DType | undefined {
  const dtypes: readonly string[] = [...DTYPES.values()];
  return [...DTYPES.values()][dtypes.indexOf(stated)] ?? typeOf(attr, stated);
}

function typeOf(attr: JsonObject, key: string): DType | undefined {
  return DTYPES.get(asJsonObject(attr[key]).type);
}

/** A dtype as an attribute of a GraphDef node. */
export function placeholderType(dtype: DType): JsonObject {
  const types = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL", string: "DT_STRING" } as const;
  return { type: types[dtype] };
}
