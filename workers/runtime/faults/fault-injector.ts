import type { InjectedFault } from "../../../src/protocol/fault-api.js";
import type { GpuHandle } from "../engine.js";
import type { NamedShardOutputs } from "../../../src/protocol/outputs.js";
import { block } from "./block.js";
import { corrupt } from "./corrupt.js";
import { loseDevice, type MakeError } from "./lose-device.js";

/**
 * The faults that one worker is to suffer.
 *
 * Nothing that the worker's own code has, too, is imported here: bundlers leave it in the worker's script, and a worker that was loaded
 * under another address (with a query) would run its script twice.
 */
export class FaultInjector {
  readonly #engine: { gpu?(): GpuHandle | undefined };
  readonly #makeError: MakeError;
  #slowdown = 1;
  #failuresLeft = 0;
  #hangMs = 0;
  #isExhausted = false;
  #corruption: { readonly relative: number; shardsLeft: number } | undefined;

  constructor(engine: { gpu?(): GpuHandle | undefined }, makeError: MakeError) {
    this.#engine = engine;
    this.#makeError = makeError;
  }

  /** @throws ShardError "invalid-options" to lose a device where there is none. */
  add(fault: InjectedFault): void {
    switch (fault.kind) {
      case "slow":
        this.#slowdown = fault.factor;
        return;
      case "fail":
        this.#failuresLeft = fault.count;
        return;
      case "hang":
        this.#hangMs = fault.ms;
        return;
      case "exhaust":
        this.#isExhausted = true;
        return;
      case "corrupt":
        this.#corruption = { relative: fault.relative, shardsLeft: fault.fromShard - 1 };
        return;
      case "lose-device":
        loseDevice(this.#engine.gpu?.(), this.#makeError);
    }
  }

  /** Carry out a piece of work of any kind. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    const value = await work();
    if (this.#slowdown > 1) await sleep((performance.now() - startedAtMs) * (this.#slowdown - 1));
    return value;
  }

  /**
   * Compute a shard.
   * @throws ShardError "out-of-memory"; Error where it is to fail.
   */
  async shard(compute: () => Promise<NamedShardOutputs>): Promise<NamedShardOutputs> {
    const hangMs = this.#hangMs;
    this.#hangMs = 0;
    if (hangMs > 0) block(hangMs);
    if (this.#failuresLeft > 0) {
      this.#failuresLeft--;
      throw new Error("The shard failed on purpose.");
    }
    if (this.#isExhausted) {
      this.#isExhausted = false;
      throw this.#makeError(
        "out-of-memory",
        "Expected memory for a shard, received none, on purpose: give the worker smaller shards.",
      );
    }
    const outputs = await compute();
    const corruption = this.#corruption;
    if (corruption !== undefined && corruption.shardsLeft-- <= 0) corrupt(outputs, corruption.relative);
    return outputs;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
