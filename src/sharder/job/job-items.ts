import type { ItemRange } from "../../core/dispatch/types.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import type { SpareBuffers } from "../../protocol/spare-buffers.js";
import type { RunInput } from "../../protocol/worker-api.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { ItemStore } from "./item-store.js";
import type { FinishedOutput } from "./shard-sink.js";
import { Units } from "./units.js";

/** Told what the state machine has to count. */
export interface UnitListener {
  /** More units are there to be run. @param done those of them that are finished already. */
  unitsAdded(unitCount: number, done: readonly ItemRange[]): void;
  /** No more units will come. */
  sourceEnded(): void;
}

/** The items of one job: they wait until it is decided how the model takes them, and are counted in its units from then on. */
export class JobItems {
  /** The first inputs that came. */
  first: PreparedInputs | undefined;
  /** No more inputs will come. */
  hasSourceEnded = false;
  addedItemCount = 0;
  completedItemCount = 0;
  readonly #listener: UnitListener;
  readonly #store = new ItemStore();
  #units: Units | undefined;
  readonly #undecided: { readonly inputs: PreparedInputs; readonly done: readonly ItemRange[] }[] = [];

  constructor(listener: UnitListener) {
    this.#listener = listener;
  }

  /**
   * @returns whether these inputs are the first.
   * @throws ShardError "invalid-input" if the items differ in shape, dtype or side inputs from earlier ones.
   */
  add(inputs: PreparedInputs, done: readonly ItemRange[]): boolean {
    this.#store.add(inputs, this.#units?.areBatches);
    this.addedItemCount += inputs.itemCount;
    if (this.#units === undefined) this.#undecided.push({ inputs, done });
    else this.#enter(this.#units, inputs, done);
    const isFirst = this.first === undefined;
    this.first ??= inputs;
    return isFirst;
  }

  endSource(): void {
    this.hasSourceEnded = true;
    // What came before has to be counted first.
    if (this.#undecided.length === 0) this.#listener.sourceEnded();
  }

  /** It is decided how the model takes the items. Later calls change nothing. */
  useMode(mode: BatchMode): void {
    if (this.#units !== undefined || this.first === undefined) return;
    this.#units = new Units(mode, this.first.groupItemCount);
    const waiting = this.#undecided.splice(0);
    for (const { inputs, done } of waiting) this.#enter(this.#units, inputs, done);
    if (this.hasSourceEnded && waiting.length > 0) this.#listener.sourceEnded();
  }

  #enter(units: Units, { itemCount }: PreparedInputs, done: readonly ItemRange[]): void {
    const unitCount = units.add(itemCount);
    const doneUnits = units.doneUnits(itemCount, done);
    this.#listener.unitsAdded(unitCount, doneUnits);
    for (const each of doneUnits) {
      const items = units.itemsOf(each);
      this.completedItemCount += items.itemCount;
      this.#store.release(items);
    }
  }

  /** Whether items wait for the decision about the mode. */
  get areUndecided(): boolean {
    return this.#undecided.length > 0;
  }

  /** How many known items are not done. */
  get openItemCount(): number {
    return this.addedItemCount - this.completedItemCount;
  }

  /** How many there are; `undefined` while the source is open. */
  get totalItemCount(): number | undefined {
    return this.hasSourceEnded ? this.addedItemCount : undefined;
  }

  /** How many items a unit has, on average. */
  get perUnit(): number {
    return this.#units?.meanItemCount ?? 1;
  }

  /** Whether a unit is a single item, so that several may be run in one call. */
  get areUnits(): boolean {
    return this.#units?.areItems !== false;
  }

  /** The items of some units. */
  of(units: ItemRange): ItemRange {
    return this.#units?.itemsOf(units) ?? units;
  }

  /** The inputs of some units by name, in buffers of their own that can be transferred. O(bytes copied). @param spare used before new ones. */
  cut(units: ItemRange, spare?: SpareBuffers): Record<string, RunInput> {
    if (this.#units === undefined || this.#units.areItems) return this.#store.cut(units, spare);
    const calls = Array.from({ length: units.itemCount }, (_, index) =>
      this.of({ firstItem: units.firstItem + index, itemCount: 1 }),
    );
    return this.#store.cutCalls(calls, this.#units.areBatches, spare);
  }

  /** Take the outputs of some units apart, into what a sink accepts. */
  shardsOf(
    units: ItemRange,
    outputs: Readonly<Record<string, ShardOutput>>,
  ): readonly { readonly range: ItemRange; readonly outputs: Readonly<Record<string, FinishedOutput>> }[] {
    return this.#units?.shardsOf(units, outputs) ?? [{ range: units, outputs }];
  }

  /** These items are done: release the inputs that are no longer needed. */
  release(items: ItemRange): void {
    this.#store.release(items);
  }
}
