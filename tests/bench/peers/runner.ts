import { transfer, wrap, type Remote } from "comlink";
import type { EngineApi, EngineOptions } from "./engine-api.js";
import { EngineHost } from "./peer-engine.js";
import type { PeerModel, Variant } from "./peer-model.js";
import type { TfjsBackend } from "./tfjs-engine.js";

/** One subject at work, seen from the page. */
export interface Runner {
  /** Load a variant in place of the present one. */
  load(model: PeerModel, variant: Variant): Promise<void>;
  /** @param items their buffer may be transferred. @returns the output's values of all items, in order. */
  run(items: Float32Array<ArrayBuffer>, itemCount: number): Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** TF.js on the page itself, loaded with the first one that is opened. */
export async function openOnPage(backend: TfjsBackend): Promise<Runner> {
  const { tfjsEngine } = await import("./tfjs-engine.js");
  const host = new EngineHost(await tfjsEngine(backend));
  return {
    load: (model, variant) => host.load(model, variant),
    run: (items, itemCount) => host.run(items, itemCount),
    dispose: () => {},
  };
}

/** An engine in a worker of its own. */
export class WorkerRunner implements Runner {
  readonly #worker: Worker;
  readonly #api: Remote<EngineApi>;
  readonly #died: Promise<never>;
  #variant: Variant | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#api = wrap<EngineApi>(worker);
    this.#died = new Promise((_, reject) => {
      worker.addEventListener("error", (event) => reject(new Error(`Its worker died (${event.message}).`)));
    });
    this.#died.catch(() => {});
  }

  static async open(worker: Worker, options: EngineOptions): Promise<WorkerRunner> {
    const runner = new WorkerRunner(worker);
    await Promise.race([runner.#api.start(options), runner.#died]);
    return runner;
  }

  get callItemCount(): number {
    return this.#variant?.callItemCount ?? 1;
  }

  async load(model: PeerModel, variant: Variant): Promise<void> {
    await Promise.race([this.#api.load(model, variant), this.#died]);
    this.#variant = variant;
  }

  run(items: Float32Array<ArrayBuffer>, itemCount: number): Promise<Float32Array> {
    return Promise.race([this.#api.run(transfer(items, [items.buffer]), itemCount), this.#died]);
  }

  dispose(): void {
    this.#worker.terminate();
  }
}

/** Unconnected workers, each with its part of the calls: what a user would write by hand. */
export class SideBySide implements Runner {
  readonly #runners: readonly WorkerRunner[];

  constructor(runners: readonly WorkerRunner[]) {
    this.#runners = runners;
  }

  async load(model: PeerModel, variant: Variant): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.load(model, variant)));
  }

  async run(items: Float32Array<ArrayBuffer>, itemCount: number): Promise<Float32Array> {
    const itemLength = items.length / itemCount;
    const bounds = callBounds(itemCount, this.#runners[0]!.callItemCount, this.#runners.length);
    const parts = await Promise.all(
      this.#runners.map(async (runner, index) => {
        const [first, end] = [bounds[index]!, bounds[index + 1]!];
        if (end === first) return new Float32Array(0);
        return runner.run(items.slice(first * itemLength, end * itemLength), end - first);
      }),
    );
    const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      all.set(part, offset);
      offset += part.length;
    }
    return all;
  }

  dispose(): void {
    for (const runner of this.#runners) runner.dispose();
  }
}

/** Where each of `partCount` parts begins, and the end: as equal as whole calls allow. */
export function callBounds(itemCount: number, callItemCount: number, partCount: number): number[] {
  const callCount = Math.ceil(itemCount / callItemCount);
  return Array.from({ length: partCount + 1 }, (_, part) =>
    Math.min(itemCount, Math.round((callCount * part) / partCount) * callItemCount),
  );
}
