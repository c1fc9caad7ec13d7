import type { JsonObject } from "../artifacts.js";
import type { Symbolic } from "./emitter.js";

/** A tensor inside a list, dict or slice among the arguments of a call. */
export class TensorArgument {
  readonly tensor: Symbolic;

  constructor(tensor: Symbolic) {
    this.tensor = tensor;
  }
}

/**
 * What a call of a layer passes beside its inputs. Arguments that are `null` or `false` are left out. `call-parameters.ts` lists the
 * ones that each class may have, `call-values.ts` the kinds of values.
 */
export interface LayerCall {
  /** Arguments that are tensors, by name. */
  readonly tensors: ReadonlyMap<string, Symbolic>;
  /** Other arguments by name, such as `use_causal_mask`. Tensors in lists and dicts are `TensorArgument`s. */
  readonly options: JsonObject;
  /** Of operations alone: the arguments by position, with `TensorArgument`s for tensors. */
  readonly args: readonly unknown[];
}

/** A call that passes its inputs alone. */
export const PLAIN_CALL: LayerCall = { tensors: new Map(), options: {}, args: [] };
