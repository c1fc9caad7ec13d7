import { elementCountOf } from "../../../protocol/tensors.js";
import type { NodeCall } from "../node-call.js";
import type { OperatorName } from "../operators.js";
import { broadcast } from "../shapes.js";
import { integerList, literal, type Element, type Value } from "../value.js";

/** Operators that combine tensors of up to six axes; the others take four. */
const MANY_AXES: ReadonlySet<OperatorName> = new Set(["ADD", "SUB", "MUL", "DIV"]);

/**
 * Combine two tensors element by element, which are broadcast as in NumPy.
 * @param element of the result, if it is not that of the operands.
 * @throws ShardError "model-unsupported"
 */
export function combine(call: NodeCall, name: OperatorName, a: Value, b: Value, element?: Element): Value {
  if (a.element !== b.element) call.refuse(`elements of ${a.element} and ${b.element}`);
  const shape = broadcast(call, a.shape, b.shape);
  const output = element === undefined ? { shape } : { shape, element };
  if (shape.length <= (MANY_AXES.has(name) ? 6 : 4) || a.shape.join() === b.shape.join()) {
    return call.emit(name, [a, b], output);
  }
  return call.emit(name, [stretch(call, a, shape), stretch(call, b, shape)], output);
}

/** Repeat along axes of size 1. */
export function stretch(call: NodeCall, value: Value, shape: readonly number[]): Value {
  if (value.shape.join() === shape.join()) return value;
  return call.emit("BROADCAST_TO", [value, integerList(shape)], { shape });
}

/** Longer lists of one number are made while the model runs. */
const MAX_WRITTEN = 1024;

/** A tensor whose elements are all the same. @param value one element */
export function fill(call: NodeCall, shape: readonly number[], value: Value): Value {
  const [number] = call.numbersOf(value) ?? [];
  const count = elementCountOf(shape);
  if (number !== undefined && count <= MAX_WRITTEN) {
    return literal(
      value.element,
      shape,
      Array.from({ length: count }, () => number),
    );
  }
  return stretch(call, call.reshape(value, []), shape);
}
