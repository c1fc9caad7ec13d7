import type { JsonObject } from "../artifacts.js";
import type { Emitter, Symbolic } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** A tensor among the arguments of a call. */
export class TensorArgument {
  readonly tensor: Symbolic;

  constructor(tensor: Symbolic) {
    this.tensor = tensor;
  }
}

/**
 * The arguments of a call. Tensors in them are `TensorArgument`s, also inside lists and dicts; further kinds of values are in
 * `call-values.ts`.
 */
export interface LayerCall {
  /** All of them for operations, none for layers: what a layer takes by position is among its inputs or named. */
  readonly args: readonly unknown[];
  /** Those that are not `null` or `false`, by name. */
  readonly kwargs: JsonObject;
}

export const NO_ARGUMENTS: LayerCall = { args: [], kwargs: {} };

/**
 * Emits a call of a layer.
 * @param inputs the tensors that the layer is called with, in the order of its parameters.
 * @param name of the node that the first output needs.
 * @param call further arguments; `call-parameters.ts` lists the ones that each class may have.
 * @returns its output, or a list if it has several.
 * @throws Untranslatable
 */
export type EmitLayer = (
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  call: LayerCall,
) => Symbolic | readonly Symbolic[];
