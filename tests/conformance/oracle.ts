import { wrap, type Remote } from "comlink";
import type { BackendName, InputTensor, Tensor, TensorSpec } from "inference-sharder";
import type { OracleApi } from "./oracle-worker.js";

/** The names and shapes by which a model is called. */
export interface ModelNames {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly Pick<TensorSpec, "name">[];
}

type Inputs = Readonly<Record<string, InputTensor>>;

/** TF.js alone in a separate worker, with one backend and one model. */
export class Oracle {
  readonly #worker = new Worker(new URL("./oracle-worker.ts", import.meta.url), { type: "module" });
  readonly #api: Remote<OracleApi> = wrap<OracleApi>(this.#worker);
  readonly #died: Promise<never>;

  constructor() {
    this.#died = new Promise((_, reject) => {
      this.#worker.addEventListener("error", (event) => reject(new Error(`its worker died (${event.message})`)));
    });
    this.#died.catch(() => {});
  }

  /** @throws Error with TF.js's own reason */
  load(backend: BackendName, url: string): Promise<void> {
    return Promise.race([this.#api.load(backend, url), this.#died]);
  }

  describe(): Promise<ModelNames> {
    return Promise.race([this.#api.describe(), this.#died]);
  }

  run(inputs: Inputs, outputNames: readonly string[]): Promise<Tensor[]> {
    return Promise.race([this.#api.run(inputs, outputNames), this.#died]);
  }

  end(): void {
    this.#worker.terminate();
  }
}
