import { UNKNOWN, type BatchTensor, type BatchValue } from "./batch-value.js";
import type { OpCall } from "./op-rule.js";

/** Each output is what the input in its place is, or the shape of it. */
const SIDE_BY_SIDE = /^(IdentityN|ShapeN)$/;
/** What these say of items is how many there are. */
const COUNTING = /^(Shape|ShapeN|Size|Rank)$/;

/** The inputs that only say how large a result is, or which part is taken: the rules follow the number of items through them. */
const SHAPE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Fill: [0],
  BroadcastTo: [1],
  Tile: [1],
  Slice: [1, 2],
  StridedSlice: [1, 2, 3],
  Conv2DBackpropInput: [0],
  Conv3DBackpropInputV2: [0],
};

/**
 * What holds for all operations alike, so that no rule has to see to it: whatever an input is, the result depends on it. A rule may
 * look at some inputs only.
 * @param result what the op's rule says.
 */
export function checkRule(call: OpCall, result: BatchValue): BatchValue {
  const { op, inputs } = call;
  if (SIDE_BY_SIDE.test(op)) return result;
  const mixed = inputs.find(({ kind }) => kind === "mixed");
  if (mixed !== undefined || result.kind !== "tensor") return mixed ?? result;
  const tensors = inputs.filter((each): each is BatchTensor => each.kind === "tensor");
  if (result.batch !== undefined)
    return inputs.some((each, index) => isNumberUsed(call, each, index)) ? UNKNOWN : result;
  if (!COUNTING.test(op) && tensors.some(({ batch }) => batch !== undefined)) return UNKNOWN;
  const usesCount = result.counts === undefined && tensors.some((each) => each.usesCount);
  return usesCount ? { ...result, usesCount } : result;
}

/** Whether the number of items is used as a value, or as a size where no rule looks. */
function isNumberUsed({ op }: OpCall, input: BatchValue, index: number): boolean {
  if (input.kind !== "tensor" || input.usesCount !== true) return false;
  if (
    (Object.hasOwn(SHAPE_INPUTS, op) && SHAPE_INPUTS[op]?.includes(index) === true) ||
    /^(Stateless)?(Random|Truncated)/.test(op)
  )
    return false;
  // Pictures may be resized to sizes that are not known before the run.
  if (op.startsWith("Resize") && index === 1) return input.counts?.some((count) => typeof count === "object") !== false;
  return true;
}
