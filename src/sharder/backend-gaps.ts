import { ShardError } from "../core/errors.js";
import { asJsonObject } from "../model/artifacts.js";
import { missingOps, type MissingOp } from "../model/kernels-of-ops.js";
import { readNodes } from "../model/read-graph.js";
import type { StagedModel } from "../model/staged-model.js";
import { functionNodes } from "../model/wire-graph.js";
import type { WireModel } from "../protocol/model-on-wire.js";

/** The operations of a model that each backend lacks, known once a worker has reported its kernels. */
export class BackendGaps {
  readonly #nodes: readonly { readonly op: string }[];
  readonly #layers: readonly (readonly { readonly op: string }[])[];
  readonly #byBackend = new Map<string, readonly MissingOp[]>();
  readonly #unable = new Map<string, ReadonlySet<number>>();

  /** @param staged `undefined` for a model that can't be cut. What TF.js layers need is only known by running them. */
  constructor(wire: WireModel, staged: StagedModel | undefined) {
    const topology = wire.format === "graph-model" ? wire.artifacts.modelTopology : undefined;
    const library = asJsonObject(asJsonObject(topology).library);
    const called = functionNodes(library).map(({ op }) => ({ op: String(op) }));
    this.#nodes = typeof topology === "object" && topology !== null ? [...readNodes(topology), ...called] : [];
    this.#layers = (staged?.layers ?? []).map(({ nodes }) => {
      const callsFunctions = nodes.some(({ attr }) => Object.values(attr).some((value) => "func" in Object(value)));
      return callsFunctions ? [...nodes, ...called] : nodes;
    });
  }

  /** The ops that each backend lacks, for the backends of which a worker has started. */
  get missing(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.#byBackend].map(([backend, missing]) => [backend, missing.map(({ op }) => op)]));
  }

  /** @param kernels those of the backend; an empty list means that its engine does not list them, and proves nothing. */
  learn(backend: string, kernels: readonly string[]): void {
    if (this.#byBackend.has(backend) || kernels.length === 0) return;
    this.#byBackend.set(backend, missingOps(this.#nodes, kernels));
    // Asked once for all layers: there may be thousands, of few operations.
    const missing = new Set(missingOps(this.#layers.flat(), kernels).map(({ op }) => op));
    const unable = this.#layers.flatMap((nodes, layer) => (nodes.some(({ op }) => missing.has(op)) ? layer : []));
    this.#unable.set(backend, new Set(unable));
  }

  /** Whether a backend can run these layers, as far as is known. */
  canRun(backend: string, firstLayer: number, lastLayer: number): boolean {
    for (const layer of this.#unable.get(backend) ?? []) if (layer >= firstLayer && layer <= lastLayer) return false;
    return true;
  }

  /** Whether a backend can run the whole model, as far as is known. */
  canRunWhole(backend: string): boolean {
    return (this.#byBackend.get(backend) ?? []).length === 0;
  }

  /** @throws ShardError "model-unsupported" if the backend can't run the whole model. */
  requireWhole(backend: string): void {
    const missing = this.#byBackend.get(backend) ?? [];
    if (missing.length === 0) return;
    const names = missing
      .slice(0, 5)
      .map(({ op, kernels }) => (kernels.length === 0 ? `${op} (unknown to TF.js)` : op));
    throw new ShardError(
      "model-unsupported",
      `Expected a backend that has every operation of the model, received "${backend}", which lacks ${names.join(", ")}: use workers with another backend${this.#layers.length > 1 ? ', or split: "layers" beside them' : ""}.`,
    );
  }
}
