import { convolve, finish, groupsOf, paddingOf, requireRank, requireShape, slidSize } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { inEitherFormat } from "./data-format.js";
import { attrs, FLOAT } from "./emitter.js";

const ONES = [1, 1, 1];

export const emitConv3d: EmitLayer = inEitherFormat((emitter, layer, [x], name) => {
  requireRank(x!, 5);
  const kernelSize = layer.sizes("kernel_size", 3);
  const strides = layer.sizes("strides", 3, ONES);
  const dilations = layer.sizes("dilation_rate", 3, ONES);
  const filters = layer.number("filters");
  const padding = paddingOf(layer);
  const kernel = emitter.stored(layer.name, "kernel");
  const groupCount = groupsOf(layer, x!, filters);
  requireShape(kernel, [...kernelSize, x!.shape[4]! / groupCount, filters]);
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const attr = {
    ...FLOAT,
    strides: attrs.ints([1, ...strides, 1]),
    dilations: attrs.ints([1, ...dilations, 1]),
    padding: attrs.string(padding.toUpperCase()),
    data_format: attrs.string("NDHWC"),
  };
  const operands = { reference: weight, shape: kernel.shape };
  const reference = convolve(emitter, name, x!, operands, { op: "Conv3D", attr, groupCount });
  const sizes = kernelSize.map((size, axis) =>
    slidSize(x!.shape[axis + 1], (size - 1) * dilations[axis]! + 1, strides[axis]!, padding),
  );
  return finish(emitter, layer, name, { ...x!, reference, shape: [x!.shape[0], ...sizes, filters] });
});
