import type { Emitter, Symbolic } from "./emitter.js";
import type { LayerCall } from "./layer-call.js";
import type { LayerConfig } from "./layer-config.js";

/** Emits a layer's nodes. Returns its output, or the list of its outputs. */
export type EmitLayer = (
  emitter: Emitter,
  layer: LayerConfig,
  inputs: readonly Symbolic[],
  name: string,
  call?: LayerCall,
) => Symbolic | readonly Symbolic[];
