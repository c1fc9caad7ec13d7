// Random operations after a convolution or product, with constants of any shape. Oracle: TF.js's own results for the original graph.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { seededRandom } from "../../../../src/core/random.js";
import { GraphModel, windowAttr } from "../../../fixtures/graph-model.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "./compare-optimised.js";

beforeAll(useWasm);

const CHAIN_COUNT = 150;
/** The same for height, width, batch and channels, so that a constant's shape alone doesn't show which axis it belongs to. */
const SIZE = 3;
const BINARY = ["AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum"];
const UNARY = ["Neg", "Relu", "Relu6", "Elu", "Sigmoid", "Tanh", "Square", "Identity"];

function randomChain(seed: number) {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(list.length * random())]!;
  const model = new GraphModel(seed);
  const channels = pick([1, SIZE, SIZE]);
  const kind = pick(["Conv2D", "DepthwiseConv2dNative", "MatMul"]);
  const rank = kind === "MatMul" ? 2 : 4;
  const kernels = {
    Conv2D: [1, 1, SIZE, channels],
    DepthwiseConv2dNative: [1, 1, channels, 1],
    MatMul: [SIZE, channels],
  };
  const depth = kind === "DepthwiseConv2dNative" ? channels : SIZE;
  const input = model.input("x", rank === 2 ? [-1, SIZE] : [-1, SIZE, SIZE, depth]);
  const kernel = model.weight(kernels[kind as keyof typeof kernels]);
  let last = model.node(kind, [input, kernel], rank === 2 ? undefined : windowAttr("SAME"));
  const side = last;
  // The largest rank of a constant, so that it meets only axes of known size.
  let maxRank = rank;
  for (let count = 1 + Math.floor(6 * random()); count > 0; count--) {
    const sizes = Array.from({ length: Math.floor((maxRank + 1) * random()) }, () => pick([1, SIZE]));
    // A single channel must not be stretched, so that the sizes of later tensors stay known.
    if (sizes.length > 0 && channels === 1) sizes[sizes.length - 1] = 1;
    const constant = () => model.weight(sizes, 0.5, 1.5);
    const step = random();
    if (step < 0.5) {
      const op = pick(BINARY);
      last = model.node(op, random() < 0.7 ? [last, constant()] : [constant(), last]);
    } else if (step < 0.6) {
      last = model.node("BiasAdd", [last, model.weight([channels])]);
    } else if (step < 0.7 && maxRank === rank) {
      const shape = pick([[-1, 1, channels], [-1, SIZE, channels], [-1, SIZE], [-1, channels]]); // prettier-ignore
      last = model.node("Reshape", [last, model.integers(shape)]);
      maxRank = shape.length - 1;
      if (channels === 1) break;
    } else if (step < 0.8) {
      last = model.node("Prelu", [last, model.weight([channels])]);
    } else {
      last = model.node(pick(UNARY), [last]);
    }
  }
  // Sometimes the result of the linear node is also an output.
  return random() < 0.2 && side !== last ? model.artifacts(last, side) : model.artifacts(last);
}

it(`${CHAIN_COUNT} random chains compute the same as before optimisation`, { timeout: 60_000 }, async () => {
  const done: Record<string, number> = {};
  for (const backend of ["wasm", "cpu"]) {
    await setBackend(backend);
    for (let seed = 1; seed <= CHAIN_COUNT; seed++) {
      const { difference, report } = await compareOptimised(randomChain(seed), SIZE);
      expect(difference, `chain ${seed} on ${backend}`).toBeLessThanOrEqual(2e-5);
      for (const [step, count] of Object.entries(report.done)) done[step] = (done[step] ?? 0) + count;
    }
  }
  for (const step of ["scales-and-shifts-folded", "biases-fused", "activations-fused"]) {
    expect(done[step], step).toBeGreaterThan(20);
  }
});
