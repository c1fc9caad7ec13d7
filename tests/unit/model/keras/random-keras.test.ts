// Random feed-forward nets, translated and optimised. Oracle: TF.js's own layers on the same backend.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { disposeVariables, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { artifactsOf } from "../../../fixtures/keras-artifacts.js";
import { randomKeras } from "../../../fixtures/random-keras.js";
import { useWasm } from "../../../fixtures/wasm-in-node.js";
import { compareOptimised } from "../optimise/compare-optimised.js";

beforeAll(useWasm);

const NET_COUNT = 40;

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  beforeAll(async () => void (await setBackend(backend)));

  it(`${NET_COUNT} random nets compute what TF.js's layers compute`, { timeout: 120_000 }, async () => {
    const done: Record<string, number> = {};
    for (let seed = 1; seed <= NET_COUNT; seed++) {
      const { difference, report } = await compareOptimised(await artifactsOf(randomKeras(seed), seed), 2);
      expect(difference, `net ${seed}`).toBeLessThanOrEqual(1e-5);
      for (const [kind, count] of Object.entries(report.done)) done[kind] = (done[kind] ?? 0) + count;
      disposeVariables();
    }
    for (const kind of ["batch-normalizations-folded", "paddings-folded", "biases-fused", "activations-fused"]) {
      expect(done[kind], kind).toBeGreaterThan(0);
    }
  });
});
