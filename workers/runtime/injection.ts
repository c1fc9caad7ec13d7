import { ShardError } from "../../src/core/errors.js";
import type { InjectedFault } from "../../src/protocol/fault-api.js";
import type { AttemptQueue } from "./attempt-queue.js";
import type { Engine } from "./engine.js";
import type { FaultInjector } from "./faults/fault-injector.js";
import type { NamedShardOutputs } from "../../src/protocol/outputs.js";

/** The place for faults that are injected on purpose. Their code is a chunk of its own, which is loaded with the first of them. */
export class Injection {
  readonly #engine: Engine;
  readonly #queue: AttemptQueue;
  #injector: FaultInjector | undefined;

  constructor(engine: Engine, queue: AttemptQueue) {
    this.#engine = engine;
    this.#queue = queue;
  }

  /** @throws ShardError "invalid-options" for a device that this worker has not. */
  async add(fault: InjectedFault): Promise<void> {
    const { FaultInjector } = await import("./faults/fault-injector.js");
    if (this.#injector === undefined) {
      const injector = new FaultInjector(this.#engine, (code, message) => new ShardError(code, message));
      this.#injector = injector;
      this.#queue.surround((work) => injector.work(work));
    }
    this.#injector.add(fault);
  }

  /** Compute a shard, with the faults that it is to suffer. */
  shard(compute: () => Promise<NamedShardOutputs>): Promise<NamedShardOutputs> {
    return this.#injector === undefined ? compute() : this.#injector.shard(compute);
  }
}
