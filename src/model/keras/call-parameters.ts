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

const ATTENTION_OPTIONS = ["use_causal_mask", "return_attention_scores"];

const MULTI_HEAD: CallParameters = {
  positional: ["value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"],
  inputs: ["value", "key"],
  options: ["query_mask", "value_mask", "key_mask", "attention_mask", ...ATTENTION_OPTIONS],
};

/** Query, value and key are one list. */
const DOT_ATTENTION: CallParameters = { positional: ["mask"], inputs: [], options: ["mask", ...ATTENTION_OPTIONS] };

/** The states follow the sequence among the inputs; Keras 2 lists them there itself. */
const RECURRENT: CallParameters = {
  positional: ["initial_state"],
  inputs: ["initial_state"],
  options: ["mask"],
};

/** `masks.ts` gives the mask to the inputs. */
const MASKED: CallParameters = { positional: [], inputs: [], options: ["mask"] };

const MASKED_CLASSES = [
  ...["GlobalAveragePooling1D", "TimeDistributed", "BatchNormalization"],
  ...["Functional", "Model", "Sequential"],
];

const RECURRENT_CLASSES = [
  ...["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "CuDNNLSTM", "CuDNNGRU"],
  ...["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"],
];

const PARAMETERS: ReadonlyMap<string, CallParameters> = new Map<string, CallParameters>([
  ["Softmax", { positional: ["mask"], inputs: [], options: ["mask"] }],
  ["GroupNormalization", { positional: ["mask"], inputs: [], options: ["mask"] }],
  ["CategoryEncoding", { positional: ["count_weights"], inputs: [], options: ["count_weights"] }],
  ["ReversibleEmbedding", { positional: ["reverse"], inputs: [], options: ["reverse"] }],
  ["Attention", DOT_ATTENTION],
  ["AdditiveAttention", DOT_ATTENTION],
  ["MultiHeadAttention", MULTI_HEAD],
  ["GroupQueryAttention", MULTI_HEAD],
  ["GroupedQueryAttention", MULTI_HEAD],
  ...MASKED_CLASSES.map((className): [string, CallParameters] => [className, MASKED]),
  ...RECURRENT_CLASSES.map((className): [string, CallParameters] => [className, RECURRENT]),
]);

export function parametersOf(className: string): CallParameters {
  return PARAMETERS.get(className) ?? NOTHING;
}
