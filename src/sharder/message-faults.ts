import type { PoolWorker } from "../pool/pool-worker.js";
import type { WorkerApi } from "../protocol/worker-api.js";

/** Which way a message goes, as the page sees it: "out" is a request to the worker, "in" its answer. */
export type MessageDirection = "in" | "out";

const installed = new WeakMap<PoolWorker, MessageFaults>();

/** What happens to the messages between the page and one incarnation of a worker. The first call puts it between them. */
export function messageFaultsOf(worker: PoolWorker): MessageFaults {
  const found = installed.get(worker) ?? new MessageFaults(worker);
  installed.set(worker, found);
  return found;
}

class MessageFaults {
  /** How many shards are still to lose their request, and how many their answer. */
  readonly #losses: Record<MessageDirection, number> = { out: 0, in: 0 };
  readonly #requests = new DelayLine();
  readonly #answers = new DelayLine();

  constructor(worker: PoolWorker) {
    worker.intercept((api) =>
      through(api, (call, method) => this.#deliver(call, method === "run" ? this.#nextLoss() : undefined)),
    );
  }

  /** Lose one message of the next shard: its call never settles, and only a deadline notices. */
  drop(direction: MessageDirection): void {
    this.#losses[direction]++;
  }

  /** Deliver all messages `ms` late, both ways and in order. Deaths and notices are no messages: they come at once. */
  delay(ms: number): void {
    this.#requests.delayMs = this.#answers.delayMs = ms;
  }

  #nextLoss(): MessageDirection | undefined {
    const direction = this.#losses.out > 0 ? "out" : this.#losses.in > 0 ? "in" : undefined;
    if (direction !== undefined) this.#losses[direction]--;
    return direction;
  }

  async #deliver<T>(call: () => Promise<T>, loss: MessageDirection | undefined): Promise<T> {
    await this.#requests.pass();
    if (loss === "out") return never();
    const answer = await call();
    await this.#answers.pass();
    return loss === "in" ? never() : answer;
  }
}

/** Messages stay in their order, even when the delay changes. */
class DelayLine {
  delayMs = 0;
  #last: Promise<void> = Promise.resolve();

  pass(): Promise<void> {
    const { delayMs } = this;
    const delayed = delayMs > 0 ? new Promise<void>((resolve) => setTimeout(resolve, delayMs)) : undefined;
    this.#last = this.#last.then(() => delayed);
    return this.#last;
  }
}

type Pass = <T>(call: () => Promise<T>, method: keyof WorkerApi) => Promise<T>;

/** The same API, each call of which goes through `pass`. The methods of a far end can't be listed, since it is a proxy. */
function through(api: WorkerApi, pass: Pass): WorkerApi {
  return {
    attach: (lifeline) => pass(() => api.attach(lifeline), "attach"),
    start: (config) => pass(() => api.start(config), "start"),
    load: (modelKey, model) => pass(() => api.load(modelKey, model), "load"),
    unload: (modelKey) => pass(() => api.unload(modelKey), "unload"),
    run: (request) => pass(() => api.run(request), "run"),
    trace: (request) => pass(() => api.trace(request), "trace"),
    cancel: (attemptIds) => pass(() => api.cancel(attemptIds), "cancel"),
    memory: () => pass(() => api.memory(), "memory"),
    inject: (fault) => pass(() => api.inject(fault), "inject"),
    stop: () => pass(() => api.stop(), "stop"),
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}
