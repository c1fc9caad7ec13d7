// Workers that give wrong numbers are found out, and what they computed never leaves.
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../../src/protocol/tensors.js";
import { batch, negated, turns } from "../../../fixtures/negating-sharder.js";
import { startChecked } from "../../../fixtures/checked-sharder.js";

const stateOf = (sharder: { workers: readonly { state: string }[] }): string[] =>
  sharder.workers.map(({ state }) => state);

describe("with verify, by batch", () => {
  it("a worker that is wrong by 1 % from some shard on is found out, whichever shard that is", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const wrong = seed % 3;
      const from = 1 + ((seed * 7) % 23);
      const { sharder, faults } = await startChecked({
        backends: ["wasm", "wasm", "wasm"],
        options: { verify: 0.1, quantumMs: 20 },
        lie: ({ index, runCount }) => (index === wrong && runCount >= from ? { factor: 1.01 } : undefined),
      });
      expect({ seed, y: await sharder.predict(batch(600, 1)) }).toEqual({ seed, y: { y: negated(600, 1) } });
      const lied = faults.filter(({ cause }) => cause === "wrong-output");
      expect({ seed, ids: [...new Set(lied.map(({ workerId }) => workerId))] }).toEqual({
        seed,
        ids: [sharder.workers[wrong]!.id],
      });
      expect(stateOf(sharder)[wrong]).toBe("quarantined");
      await sharder.dispose();
    }
  });
});
