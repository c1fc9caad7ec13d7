import type { ShardOutput } from "../../protocol/outputs.js";
import type { CheckedResult } from "./checked-result.js";
import type { Scales } from "./compare-outputs.js";
import { lookOver, type Look } from "./look-over.js";

/** What is known about the outputs of a model or a stage, from all workers. */
export class KnownOutputs {
  /** The largest values, from confirmed results. */
  readonly scales: Scales = new Map();
  /** Whether the values of an output are finite: what its first result showed, once confirmed if they were not. */
  readonly #areFinite = new Map<string, boolean>();
  readonly #haveNonZero = new Set<string>();

  /**
   * Look a result over.
   * @returns the name of an output that looks wrong: values are not finite where they have been, or all of them are zero, on a GPU,
   *          where others were not; `undefined` if none does.
   */
  suspect({ outputs, isFinal }: Pick<CheckedResult, "outputs" | "isFinal">, isOfGpu: boolean): string | undefined {
    let suspect: string | undefined;
    for (const [name, output] of Object.entries(outputs)) {
      const look = this.#areFinite.get(name) === false ? "finite" : lookOver(output, !isFinal(name));
      if (this.#isOdd(name, look, isOfGpu)) suspect ??= name;
      else this.#learn(name, look);
    }
    return suspect;
  }

  #isOdd(name: string, look: Look, isOfGpu: boolean): boolean {
    return look === "non-finite" || (look === "zero" && isOfGpu && this.#haveNonZero.has(name));
  }

  #learn(name: string, look: Look): void {
    if (!this.#areFinite.has(name)) this.#areFinite.set(name, true);
    if (look === "finite") this.#haveNonZero.add(name);
  }

  /** A result that looked wrong was confirmed. An output that was never finite so far is not looked at again. */
  confirm(outputs: Readonly<Record<string, ShardOutput>>): void {
    for (const [name, output] of Object.entries(outputs)) {
      if (!this.#areFinite.has(name) && lookOver(output) === "non-finite") this.#areFinite.set(name, false);
    }
  }
}
