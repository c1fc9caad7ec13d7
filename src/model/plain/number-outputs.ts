import { asJsonObject, isJsonObject, type JsonObject, asText } from "../artifacts.js";

/** The names of the outputs of ops that have several different ones, in order. One that is a list comes last. */
const OUTPUTS: Readonly<Record<string, string>> = {
  ...each("TopK TopKV2", "values indices"),
  ...each("Unique UniqueV2", "y idx"),
  ...each("UniqueWithCounts UniqueWithCountsV2", "y idx count"),
  ...each("ListDiff", "out idx"),
  ...each("MaxPoolWithArgmax", "output argmax"),
  ...each("FusedBatchNorm FusedBatchNormV2", "y batch_mean batch_variance reserve_space_1 reserve_space_2"),
  ...each("FusedBatchNormV3", "y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3"),
  ...each("NonMaxSuppressionV4", "selected_indices valid_outputs"),
  ...each("NonMaxSuppressionV5", "selected_indices selected_scores valid_outputs"),
  ...each("CombinedNonMaxSuppression", "nmsed_boxes nmsed_scores nmsed_classes valid_detections"),
  ...each("Switch RefSwitch", "output_false output_true"),
  ...each("Merge RefMerge", "output value_index"),
  ...each("TensorListPopBack", "output_handle tensor"),
  ...each("TensorListConcat TensorListConcatV2", "tensor lengths"),
  ...each("TensorArrayV3", "handle flow"),
  ...each("TensorArrayConcatV3", "value lengths"),
  ...each("SparseFillEmptyRows", "output_indices output_values empty_row_indicator reverse_index_map"),
  ...each("SparseReshape", "output_indices output_shape"),
  ...each("SparseReorder", "output_indices output_values"),
  ...each("SparseSlice SparseConcat", "output_indices output_values output_shape"),
  ...each("StringSplit StringSplitV2", "indices values shape"),
  ...each("StringNGrams", "ngrams ngrams_splits"),
  ...each("LSTMBlockCell BlockLSTM BlockLSTMV2", "i cs f o ci co h"),
  ...each("GRUBlockCell", "r u c h"),
  ...each("CTCGreedyDecoder", "decoded_indices decoded_values decoded_shape log_probability"),
  ...each("UnicodeDecode UnicodeDecodeWithOffsets", "row_splits char_values char_to_byte_starts"),
  ...each("SparseAdd", "sum_indices sum_values sum_shape"),
  ...each("SparseSparseMaximum SparseSparseMinimum", "output_indices output_values"),
  ...each("RaggedRange", "rt_nested_splits rt_dense_values"),
  ...each("RaggedTensorToSparse", "sparse_indices sparse_values sparse_dense_shape"),
  ...each(
    "DenseToDenseSetOperation DenseToSparseSetOperation SparseToSparseSetOperation",
    "result_indices result_values result_shape",
  ),
};

/**
 * Write references inside functions as numbers of outputs: TensorFlow names outputs there (`top:indices:0`), and TF.js takes the first one
 * for all but a few ops. O(nodes).
 */
export function numberOutputs(library: JsonObject | undefined): JsonObject | undefined {
  if (library === undefined || !Array.isArray(library.function)) return library;
  const functions = library.function.map((each: unknown) => {
    if (!isJsonObject(each) || !Array.isArray(each.nodeDef)) return each;
    const ops = new Map(each.nodeDef.map((node: unknown) => [asJsonObject(node).name, asJsonObject(node).op]));
    const numbered = (reference: unknown): unknown => {
      if (typeof reference !== "string") return reference;
      const [node, output, index] = reference.split(":");
      const op = asText(ops.get(node));
      const names = Object.hasOwn(OUTPUTS, op) ? OUTPUTS[op]!.split(" ") : [];
      const position = index === undefined ? -1 : names.indexOf(output ?? "");
      return position < 0 ? reference : `${node}:${position + Number(index)}`;
    };
    const nodeDef = each.nodeDef.map((node: unknown) =>
      isJsonObject(node) && Array.isArray(node.input) ? { ...node, input: node.input.map(numbered) } : node,
    );
    const ret = Object.entries(asJsonObject(each.ret)).map(([name, reference]) => [name, numbered(reference)]);
    return { ...each, nodeDef, ...(each.ret === undefined ? {} : { ret: Object.fromEntries(ret) }) };
  });
  return { ...library, function: functions };
}

function each(ops: string, outputs: string): Record<string, string> {
  return Object.fromEntries(ops.split(" ").map((op) => [op, outputs]));
}
