// Thousands of random graphs and Keras nets, optimised and as they came. Oracle: TF.js's own results, on the same backend.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { disposeVariables, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { artifactsOf } from "../fixtures/keras-artifacts.js";
import { CHAIN_SIZE, randomChain } from "../fixtures/random-chain.js";
import { randomKeras } from "../fixtures/random-keras.js";
import { useWasm } from "../fixtures/wasm-in-node.js";
import { compareOptimised } from "../unit/model/optimise/compare-optimised.js";
import { forSeeds, timeBoxMs } from "./for-seeds.js";

beforeAll(useWasm);

const timeout = timeBoxMs + 60_000;
const backends = ["wasm", "cpu"] as const;

it("random chains compute the same as before optimisation", { timeout }, async () => {
  await forSeeds("chains", async (seed) => {
    const backend = backends[seed % 2]!;
    await setBackend(backend);
    const { difference } = await compareOptimised(randomChain(seed), CHAIN_SIZE);
    expect(difference, `chain ${seed} on ${backend}`).toBeLessThanOrEqual(1e-4);
  });
});

it("random nets compute what TF.js's layers compute", { timeout }, async () => {
  await forSeeds("Keras nets", async (seed) => {
    const backend = backends[seed % 2]!;
    await setBackend(backend);
    const { difference } = await compareOptimised(await artifactsOf(randomKeras(seed), seed), 2);
    expect(difference, `net ${seed} on ${backend}`).toBeLessThanOrEqual(1e-4);
    disposeVariables();
  });
});
