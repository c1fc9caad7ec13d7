import type { JsonObject } from "../artifacts.js";
import type { Symbolic } from "./emitter.js";

/** What a call of a layer passes beside its inputs: further tensors, and options such as `use_causal_mask`, by argument name. */
export interface LayerCall {
  readonly tensors: ReadonlyMap<string, Symbolic>;
  readonly options: JsonObject;
}

/** A call that passes its inputs alone. */
export const PLAIN_CALL: LayerCall = { tensors: new Map(), options: {} };
