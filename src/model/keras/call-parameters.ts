/** What a layer's `call` takes beside its first argument. Classes that are not listed take nothing. */
export interface CallParameters {
  /** Names of the arguments after the first, as they may be passed by position. */
  readonly positional: readonly string[];
  /** Those of them whose tensors are further inputs of the layer, in this order. */
  readonly inputs: readonly string[];
  /** Those that the layer's emitter reads itself. A call with any other argument can't be translated. */
  readonly options: readonly string[];
}

const NOTHING: CallParameters = { positional: [], inputs: [], options: [] };

const MULTI_HEAD: CallParameters = {
  positional: ["value", "key"],
  inputs: ["value", "key"],
  options: [],
};

const PARAMETERS: ReadonlyMap<string, CallParameters> = new Map([
  ["MultiHeadAttention", MULTI_HEAD],
  ["GroupQueryAttention", MULTI_HEAD],
  ["GroupedQueryAttention", MULTI_HEAD],
]);

export function parametersOf(className: string): CallParameters {
  return PARAMETERS.get(className) ?? NOTHING;
}
