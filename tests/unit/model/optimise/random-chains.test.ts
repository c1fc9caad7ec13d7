// Oracle: TF.js's own results for the original graph.
import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { CHAIN_SIZE, randomChain } from "../../../fixtures/random-chain.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "./compare-optimised.js";

beforeAll(useWasm);

const CHAIN_COUNT = 150;
it(`${CHAIN_COUNT} random chains compute the same as before optimisation`, { timeout: 60_000 }, async () => {
  const done: Record<string, number> = {};
  for (const backend of ["wasm", "cpu"]) {
    await setBackend(backend);
    for (let seed = 1; seed <= CHAIN_COUNT; seed++) {
      const { difference, report } = await compareOptimised(randomChain(seed), CHAIN_SIZE);
      expect(difference, `chain ${seed} on ${backend}`).toBeLessThanOrEqual(2e-5);
      for (const [step, count] of Object.entries(report.done)) done[step] = (done[step] ?? 0) + count;
    }
  }
  for (const step of ["scales-and-shifts-folded", "biases-fused", "activations-fused"]) {
    expect(done[step], step).toBeGreaterThan(20);
  }
});
