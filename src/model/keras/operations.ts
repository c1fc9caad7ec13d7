/** The normalised config gives the class of an operation of Keras 3 this prefix: `Add` is also a layer. */
export const OPERATION_PREFIX = "keras.ops.";

/** Whether a layer of the config is a call of a function: its arguments are those of the function. */
export function isOperation(className: string): boolean {
  return className === "TFOpLambda" || className === "SlicingOpLambda" || className.startsWith(OPERATION_PREFIX);
}
