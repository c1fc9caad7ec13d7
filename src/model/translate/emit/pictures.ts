import type { EmitNode, NodeCall } from "../node-call.js";
import type { OperatorName } from "../operators.js";
import { integerList, literal, type Value } from "../value.js";

function pictureOf(call: NodeCall): Value {
  const x = call.input(0);
  if (x.shape.length !== 4) call.refuse(`a picture of shape [${x.shape.join()}]`);
  if (!call.attrText("data_format", "NHWC").startsWith("NHWC")) call.refuse("channels first");
  return x;
}

const resize =
  (name: OperatorName): EmitNode =>
  (call) => {
    const given = pictureOf(call);
    const [height = 0, width = 0] = call.integers(1, "a size");
    const [batch, , , channelCount] = given.shape as [number, number, number, number];
    if (given.element !== "float32") call.refuse(`elements of ${given.element}`);
    const options = {
      alignCorners: Number(call.attrFlag("align_corners")),
      halfPixelCenters: Number(call.attrFlag("half_pixel_centers")),
    };
    const shape = [batch, height, width, channelCount];
    return [call.emit(name, [given, integerList([height, width])], { shape }, options)];
  };

const depthToSpace: EmitNode = (call) => {
  const x = pictureOf(call);
  const blockSize = call.attrInteger("block_size", 2);
  const [batch, height, width, channelCount] = x.shape as [number, number, number, number];
  const shape = [batch, height * blockSize, width * blockSize, channelCount / blockSize ** 2];
  return [call.emit("DEPTH_TO_SPACE", [x], { shape }, { blockSize })];
};

const spaceToDepth: EmitNode = (call) => {
  const x = pictureOf(call);
  const blockSize = call.attrInteger("block_size", 2);
  const [batch, height, width, channelCount] = x.shape as [number, number, number, number];
  const shape = [batch, height / blockSize, width / blockSize, channelCount * blockSize ** 2];
  return [call.emit("SPACE_TO_DEPTH", [x], { shape }, { blockSize })];
};

/** Older converters write dilated convolutions between these two. */
const spaceToBatch: EmitNode = (call) => {
  const x = call.input(0);
  const { block, borders } = blocksOf(call, x);
  const sizes = block.map(
    (size, place) => (x.shape[place + 1]! + borders[2 * place]! + borders[2 * place + 1]!) / size,
  );
  const batch = block.reduce((product, size) => product * size, x.shape[0]!);
  const shape = [batch, ...sizes, ...x.shape.slice(1 + block.length)];
  return [call.emit("SPACE_TO_BATCH_ND", [x, ...blockInputs(block, borders)], { shape })];
};

const batchToSpace: EmitNode = (call) => {
  const x = call.input(0);
  const { block, borders } = blocksOf(call, x);
  const sizes = block.map((size, place) => x.shape[place + 1]! * size - borders[2 * place]! - borders[2 * place + 1]!);
  const batch = block.reduce((quotient, size) => quotient / size, x.shape[0]!);
  const shape = [batch, ...sizes, ...x.shape.slice(1 + block.length)];
  return [call.emit("BATCH_TO_SPACE_ND", [x, ...blockInputs(block, borders)], { shape })];
};

function blocksOf(
  call: NodeCall,
  x: Value,
): { readonly block: readonly number[]; readonly borders: readonly number[] } {
  const block = call.integers(1, "blocks");
  // The operators take pictures, and rows of them.
  if (x.shape.length !== block.length + 2 || block.length > 2) call.refuse(`blocks of ${block.length} axes`);
  return { block, borders: call.integers(2, "borders") };
}

function blockInputs(block: readonly number[], borders: readonly number[]): Value[] {
  return [integerList(block), literal("int32", [block.length, 2], borders)];
}

export const PICTURES: Readonly<Record<string, EmitNode>> = {
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
  ResizeBilinear: resize("RESIZE_BILINEAR"),
  ResizeNearestNeighbor: resize("RESIZE_NEAREST_NEIGHBOR"),
  SpaceToBatchND: spaceToBatch,
  SpaceToDepth: spaceToDepth,
};
