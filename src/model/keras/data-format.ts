import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import type { Symbolic } from "./emitter.js";
import { LayerConfig } from "./layer-config.js";

/** Whether a layer's channels are axis 1 instead of the last. */
export function hasChannelsFirst({ config }: LayerConfig): boolean {
  return config.data_format === "channels_first" || config.data_format === "channelsFirst";
}

/** Let an emitter that takes channels as the last axis serve both formats: inputs and outputs are transposed around it. */
export function inEitherFormat(emit: EmitLayer): EmitLayer {
  return (emitter, layer, inputs, name, call) => {
    if (!hasChannelsFirst(layer)) return emit(emitter, layer, inputs, name, call);
    const composer = new Composer(emitter, name);
    const plain = new LayerConfig(layer.className, layer.name, { ...layer.config, data_format: "channels_last" });
    const outputs = emit(
      emitter,
      plain,
      inputs.map((x) => channelsLast(composer, x)),
      `${name}/channels_last`,
      call,
    );
    if ("reference" in outputs) return composer.named(channelsFirst(composer, outputs));
    return outputs.map((output) => channelsFirst(composer, output));
  };
}

/** Move axis 1 to the end. */
export function channelsLast(composer: Composer, x: Symbolic): Symbolic {
  const axes = x.shape.map((_, axis) => axis);
  return composer.transpose(x, [0, ...axes.slice(2), 1]);
}

/** Move the last axis of rank ≥ 3 to place 1. */
export function channelsFirst(composer: Composer, x: Symbolic): Symbolic {
  const axes = x.shape.map((_, axis) => axis);
  if (axes.length < 3) return x;
  return composer.transpose(x, [0, axes.length - 1, ...axes.slice(1, -1)]);
}
