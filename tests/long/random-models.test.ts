// Tens of thousands of random chains, graphs and Keras nets, optimised and as they came. Oracle: TF.js's own results, on the same backend.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { disposeVariables, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import type { ModelArtifacts } from "../../src/model/artifacts.js";
import { artifactsOf } from "../fixtures/keras-artifacts.js";
import { CHAIN_SIZE, randomChain } from "../fixtures/random-chain.js";
import { randomKeras } from "../fixtures/random-keras.js";
import { useWasm } from "../fixtures/wasm-in-node.js";
import { compareOptimised, sensitivity } from "../unit/model/optimise/compare-optimised.js";
import { checkRandomGraph } from "../unit/model/random/check-random-graph.js";
import { forSeeds, timeBoxMs } from "./for-seeds.js";

beforeAll(useWasm);

const timeout = timeBoxMs + 60_000;
const backends = ["wasm", "cpu"] as const;
const TOLERANCE = 1e-4;

/** Of a case that is further off, a badly conditioned one is allowed as much as its own inputs' rounding can move it. */
async function expectClose(
  difference: number,
  artifacts: ModelArtifacts,
  itemCount: number,
  what: string,
): Promise<void> {
  if (difference <= TOLERANCE) return;
  const moves = await sensitivity(artifacts, itemCount);
  console.log(`${what}: off by ${difference}, where a millionth of its inputs moves it by ${moves}`);
  expect(difference, what).toBeLessThanOrEqual(moves);
  expect(moves, `${what}: sensitivity`).toBeGreaterThan(TOLERANCE);
}

it("random chains compute the same as before optimisation", { timeout }, async () => {
  await forSeeds("chains", async (seed) => {
    const backend = backends[seed % 2]!;
    await setBackend(backend);
    const chain = randomChain(seed);
    const { difference } = await compareOptimised(chain, CHAIN_SIZE);
    await expectClose(difference, chain, CHAIN_SIZE, `chain ${seed} on ${backend}`);
  });
});

it("random graphs give the same whole, in shards, in stages and optimised", { timeout }, async () => {
  await forSeeds("graphs", (seed) => checkRandomGraph(seed, backends[seed % 2]!));
});

it("a chain that divides by nearly zero is held to what its inputs' rounding does", async () => {
  await setBackend("wasm");
  const chain = randomChain(32_954);
  expect(await sensitivity(chain, CHAIN_SIZE)).toBeGreaterThan(TOLERANCE);
  await expectClose((await compareOptimised(chain, CHAIN_SIZE)).difference, chain, CHAIN_SIZE, "chain 32954");
});

it("random nets compute what TF.js's layers compute", { timeout }, async () => {
  await forSeeds("Keras nets", async (seed) => {
    const backend = backends[seed % 2]!;
    await setBackend(backend);
    const net = await artifactsOf(randomKeras(seed), seed);
    const { difference } = await compareOptimised(net, 2);
    await expectClose(difference, net, 2, `net ${seed} on ${backend}`);
    disposeVariables();
  });
});
