import { finish, paddingOf, requireRank, requireShape, slidSize, type EmitLayer } from "./convolutions.js";
import { attrs, FLOAT } from "./emitter.js";
import { stridesOf } from "./pooling.js";

const ONES = [1, 1, 1];

export const emitConv3d: EmitLayer = (emitter, layer, [x], name) => {
  requireRank(x!, 5);
  layer.requireChannelsLast();
  layer.requireUngrouped();
  const kernelSize = layer.sizes("kernel_size", 3);
  const strides = layer.sizes("strides", 3, ONES);
  const dilations = layer.sizes("dilation_rate", 3, ONES);
  const filters = layer.number("filters");
  const padding = paddingOf(layer);
  const kernel = emitter.stored(layer.name, "kernel");
  requireShape(kernel, [...kernelSize, x!.shape[4], filters]);
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const attr = {
    ...FLOAT,
    strides: attrs.ints([1, ...strides, 1]),
    dilations: attrs.ints([1, ...dilations, 1]),
    padding: attrs.string(padding.toUpperCase()),
    data_format: attrs.string("NDHWC"),
  };
  const reference = emitter.node(`${name}/Conv3D`, "Conv3D", [x!.reference, weight], attr);
  const sizes = kernelSize.map((size, axis) =>
    slidSize(x!.shape[axis + 1], (size - 1) * dilations[axis]! + 1, strides[axis]!, padding),
  );
  return finish(emitter, layer, name, { ...x!, reference, shape: [x!.shape[0], ...sizes, filters] });
};

/** MaxPooling3D and AveragePooling3D. */
export function emitPool3d(op: "MaxPool3D" | "AvgPool3D"): EmitLayer {
  return (emitter, layer, [x], name) => {
    requireRank(x!, 5);
    layer.requireChannelsLast();
    const window = layer.sizes("pool_size", 3, [2, 2, 2]);
    const strides = stridesOf(layer, 3, window);
    const padding = paddingOf(layer);
    const attr = {
      ...FLOAT,
      ksize: attrs.ints([1, ...window, 1]),
      strides: attrs.ints([1, ...strides, 1]),
      padding: attrs.string(padding.toUpperCase()),
      data_format: attrs.string("NDHWC"),
    };
    const reference = emitter.node(name, op, [x!.reference], attr);
    const sizes = window.map((size, axis) => slidSize(x!.shape[axis + 1], size, strides[axis]!, padding));
    return { ...x!, reference, shape: [x!.shape[0], ...sizes, x!.shape[4]] };
  };
}
