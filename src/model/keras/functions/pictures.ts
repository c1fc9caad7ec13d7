import type { Size } from "../composer.js";
import { show } from "../../malformed.js";
import { attrs, type Symbolic, Untranslatable } from "../emitter.js";
import { cast, define, type EmitFunction, fixed, type FunctionCall, type KerasFunction } from "./function-call.js";

/** Pictures of rank 4, with the channels last. */
function pictures(call: FunctionCall, rank = 4): Symbolic {
  const format = call.value("data_format") ?? "channels_last";
  if (format !== "channels_last" && format !== "NHWC") throw new Untranslatable(`data_format ${show(format, 40)}`);
  const x = cast(call.composer, call.tensor("x"), "float32");
  if (x.shape.length !== rank) throw new Untranslatable(`pictures of rank ${x.shape.length}`);
  return x;
}

function rearrange(op: "DepthToSpace" | "SpaceToDepth"): EmitFunction {
  return (call) => {
    const x = pictures(call);
    const block = call.number("block_size");
    const [height, width, depth] = x.shape.slice(1);
    const scale = (size: Size, factor: number): Size => (size === undefined ? undefined : size * factor);
    const factor = op === "DepthToSpace" ? block : 1 / block;
    const shape = [x.shape[0], scale(height, factor), scale(width, factor), scale(depth, 1 / factor ** 2)];
    return call.composer.op(op, [x], { shape }, { block_size: attrs.int(block), data_format: attrs.string("NHWC") });
  };
}

const METHODS: ReadonlyMap<string, string> = new Map([
  ["bilinear", "ResizeBilinear"],
  ["nearest", "ResizeNearestNeighbor"],
  ["bicubic", "ResizeBicubic"],
]);

/** Sampled at the centres of pixels. */
function resize(methodName: string): EmitFunction {
  return (call) => {
    call.refuse("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "preserve_aspect_ratio");
    if (call.value("fill_mode") !== "constant") call.refuse("fill_mode");
    call.value("fill_value");
    const x = pictures(call);
    const method = call.string(methodName, "bilinear").toLowerCase();
    const op = METHODS.get(method);
    if (op === undefined) throw new Untranslatable(`${methodName} ${method}`);
    const size = call.ints("size");
    if (size?.length !== 2) throw new Untranslatable("a size that is not known before the run");
    const attr = { align_corners: attrs.bool(false), half_pixel_centers: attrs.bool(true) };
    const inputs = [x, call.composer.ints(size)];
    return call.composer.op(op, inputs, { shape: [x.shape[0], ...size, x.shape[3]] }, attr);
  };
}

function mirror(axisFromEnd: number): EmitFunction {
  return (call) => {
    const x = call.tensor("x");
    const axis = x.shape.length - axisFromEnd;
    return call.composer.op("ReverseV2", [x, call.composer.ints([axis])], { shape: x.shape });
  };
}

/** The weights of red, green and blue are those of `tf.image.rgb_to_grayscale`. */
const grayscale: EmitFunction = (call) => {
  const { composer } = call;
  call.value("data_format");
  const x = cast(composer, call.tensor("x"), "float32");
  const weights = composer.literal([0.2989, 0.587, 0.114]);
  return composer.reduce("Sum", composer.mul(x, weights), [x.shape.length - 1], true);
};

/** @param isKeras whether sizes are those of the picture's axes alone, else of all four axes or of these two. */
function pool(op: "MaxPool" | "AvgPool", isKeras: boolean): EmitFunction {
  return (call) => {
    const x = pictures(call);
    const sizes = (name: string): number[] | undefined => {
      const given = call.ints(name);
      if (given === undefined) return undefined;
      if (given.length === 1) return [given[0]!, given[0]!];
      if (given.length === 2) return given;
      if (isKeras || given.length !== 4 || given[0] !== 1 || given[3] !== 1)
        throw new Untranslatable(`${name} ${given.join()}`);
      return given.slice(1, 3);
    };
    const window = sizes("pool_size") ?? fixed([undefined]);
    const strides = sizes("strides") ?? window;
    const padding = call.string("padding", "valid").toUpperCase();
    if (padding !== "SAME" && padding !== "VALID") throw new Untranslatable(`padding ${padding}`);
    const spatial = window.map((size, axis): Size => {
      const given = x.shape[axis + 1];
      if (given === undefined) return undefined;
      return Math.ceil((padding === "SAME" ? given : given - size + 1) / strides[axis]!);
    });
    const attr = {
      ksize: attrs.ints([1, ...window, 1]),
      strides: attrs.ints([1, ...strides, 1]),
      padding: attrs.string(padding),
      data_format: attrs.string("NHWC"),
    };
    return call.composer.op(op, [x], { shape: [x.shape[0], ...spatial, x.shape[3]] }, attr);
  };
}

/** Whole numbers before and after height and width; one side may follow from the size that is wanted. */
function sidesOf(call: FunctionCall, x: Symbolic, kind: "cropping" | "padding"): [number, number][] {
  const [height, width] = fixed(x.shape.slice(1, 3)) as [number, number];
  const sign = kind === "padding" ? 1 : -1;
  const side = (before: string, after: string, target: string, size: number): [number, number] => {
    const [first, last] = [call.ints(`${before}_${kind}`)?.[0], call.ints(`${after}_${kind}`)?.[0]];
    const [wanted] = call.ints(`target_${target}`) ?? [];
    if (wanted === undefined) return [first ?? 0, last ?? 0];
    const all = sign * (wanted - size);
    return first === undefined ? [all - (last ?? 0), last ?? 0] : [first, last ?? all - first];
  };
  return [side("top", "bottom", "height", height), side("left", "right", "width", width)];
}

const cropImages: EmitFunction = (call) => {
  const x = pictures(call);
  const [[top, bottom], [left, right]] = sidesOf(call, x, "cropping") as [[number, number], [number, number]];
  const [height, width] = fixed(x.shape.slice(1, 3)) as [number, number];
  return call.composer.slice(x, [0, top, left, 0], [undefined, height - top - bottom, width - left - right, undefined]);
};

const padImages: EmitFunction = (call) => {
  const x = pictures(call);
  return call.composer.pad(x, [[0, 0], ...sidesOf(call, x, "padding"), [0, 0]]);
};

/** One number or two, for height and width. */
function pairOf(call: FunctionCall, name: string): [number, number] | undefined {
  const given = call.ints(name);
  if (given === undefined) return undefined;
  if (given.length > 2) throw new Untranslatable(`${name} ${given.join()}`);
  return [given[0]!, given[1] ?? given[0]!];
}

function slidSize(size: Size, window: number, stride: number, isSame: boolean): Size {
  return size === undefined ? undefined : Math.ceil((isSame ? size : size - window + 1) / stride);
}

const extractPatches: EmitFunction = (call) => {
  const x = pictures(call);
  const size = pairOf(call, "size");
  const [channels] = fixed([x.shape[3]]);
  if (size === undefined) throw new Untranslatable("patches without a size");
  const strides = pairOf(call, "strides") ?? size;
  const rates = pairOf(call, "dilation_rate") ?? [1, 1];
  const padding = call.string("padding", "valid").toUpperCase();
  const spatial = size.map((window, axis) =>
    slidSize(x.shape[axis + 1], (window - 1) * rates[axis]! + 1, strides[axis]!, padding === "SAME"),
  );
  const attr = {
    ksizes: attrs.ints([1, ...size, 1]),
    strides: attrs.ints([1, ...strides, 1]),
    rates: attrs.ints([1, ...rates, 1]),
    padding: attrs.string(padding),
  };
  const shape = [x.shape[0], ...spatial, size[0] * size[1] * channels!];
  return call.composer.op("ExtractImagePatches", [x], { shape }, attr);
};

const convolve: EmitFunction = (call) => {
  const x = pictures(call);
  const kernel = cast(call.composer, call.tensor("kernel", "float32"), "float32");
  const [rows, columns, inputs, filters] = fixed(kernel.shape);
  if (kernel.shape.length !== 4 || x.shape[3] !== inputs) throw new Untranslatable("a kernel that doesn't fit");
  const strides = pairOf(call, "strides") ?? [1, 1];
  const rates = pairOf(call, "dilation_rate") ?? [1, 1];
  const padding = call.string("padding", "valid").toUpperCase();
  const spatial = [rows!, columns!].map((window, axis) =>
    slidSize(x.shape[axis + 1], (window - 1) * rates[axis]! + 1, strides[axis]!, padding === "SAME"),
  );
  const attr = {
    strides: attrs.ints([1, ...strides, 1]),
    dilations: attrs.ints([1, ...rates, 1]),
    padding: attrs.string(padding),
    data_format: attrs.string("NHWC"),
  };
  return call.composer.op("Conv2D", [x, kernel], { shape: [x.shape[0], ...spatial, filters] }, attr);
};

const toHsv: EmitFunction = (call) => call.composer.unary("RGBToHSV", pictures(call));

/** Each picture with mean 0 and deviation 1, which counts as at least 1 ÷ √(number of values). */
const standardize: EmitFunction = (call) => {
  const { composer } = call;
  const x = cast(composer, call.tensor("x"), "float32");
  const axes = x.shape.map((_, axis) => axis).slice(-3);
  const count = fixed(x.shape.slice(-3)).reduce((total, size) => total * size, 1);
  const centred = composer.sub(x, composer.reduce("Mean", x, axes, true));
  const deviation = composer.unary("Sqrt", composer.reduce("Mean", composer.unary("Square", centred), axes, true));
  return composer.div(centred, composer.binary("Maximum", deviation, composer.scalar(1 / Math.sqrt(count))));
};

/** Functions of pictures. */
export const PICTURES: readonly (readonly [name: string, KerasFunction])[] = [
  ["depth_to_space", define("x block_size data_format", rearrange("DepthToSpace"))],
  ["space_to_depth", define("x block_size data_format", rearrange("SpaceToDepth"))],
  ["resize", define("x size interpolation", resize("interpolation"))],
  ["resize_tf", define("x size method", resize("method"))],
  ["crop_images", define("x", cropImages)],
  ["pad_images", define("x", padImages)],
  ["extract_patches", define("x size", extractPatches)],
  ["conv", define("x kernel", convolve)],
  ["rgb_to_hsv", define("x", toHsv)],
  ["per_image_standardization", define("x", standardize)],
  ["flip_left_right", define("x", mirror(2))],
  ["flip_up_down", define("x", mirror(3))],
  ["rgb_to_grayscale", define("x data_format", grayscale)],
  ["max_pool", define("x pool_size strides padding data_format", pool("MaxPool", false))],
  ["average_pool", define("x pool_size strides padding data_format", pool("AvgPool", false))],
  ["max_pool_keras", define("x pool_size strides padding data_format", pool("MaxPool", true))],
  ["average_pool_keras", define("x pool_size strides padding data_format", pool("AvgPool", true))],
];
