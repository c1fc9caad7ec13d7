import {
  createCallSizes,
  limitCalls,
  nextCallItemCount,
  observeCall,
  type CallSizes,
} from "../../src/core/calls/call-sizes.js";
import type { RunRequest } from "../../src/protocol/worker-api.js";

/** The sizes of calls of one model, by the shapes of its items: what is quickest depends on them. */
export class CallChoices {
  readonly #byClass = new Map<string, CallSizes>();

  /** For a run that may be carried out in several calls; `undefined` for any other. */
  of({ mode, inputs, calls }: Pick<RunRequest, "mode" | "inputs" | "calls">): CallChoice | undefined {
    if (mode !== "batched" || calls === undefined) return undefined;
    const tensors = Object.entries(inputs).flatMap(([name, input]) =>
      input.kind === "ragged" ? [] : [{ name, input }],
    );
    // Items of different shapes can't be in one call: the runner refuses them.
    if (tensors.length < Object.keys(inputs).length) return undefined;
    const key = tensors
      .map(({ name, input: { kind, tensor } }) => {
        const shape = kind === "side" ? tensor.shape : tensor.shape.slice(1);
        return `${name}:${tensor.dtype}[${shape.join()}]`;
      })
      .join(" ");
    return this.#choiceOf(key, calls.firstItemCount);
  }

  #choiceOf(key: string, firstItemCount: number | undefined): CallChoice {
    const own = this.#byClass.get(key);
    // What is known elsewhere may come later than the first runs: it is read from storage.
    const isKnown = own !== undefined && (own.isMeasured || firstItemCount === undefined);
    let sizes = isKnown ? own : createCallSizes(firstItemCount);
    const set = (changed: CallSizes): void => {
      sizes = changed;
      this.#byClass.set(key, changed);
    };
    return {
      measuredItemCount: () => (sizes.isMeasured ? sizes.itemCount : undefined),
      next: (leftItemCount) => nextCallItemCount(sizes, leftItemCount),
      observe: (callItemCount, ms, shardItemCount) => set(observeCall(sizes, callItemCount, ms, shardItemCount)),
      tooLarge: (callItemCount) => set(limitCalls(sizes, callItemCount)),
    };
  }
}

/** The size of calls for items of one class, which learns from every call. */
export interface CallChoice {
  /** Items of the quickest calls; `undefined` before sizes have been compared. */
  measuredItemCount(): number | undefined;
  next(leftItemCount: number): number;
  observe(callItemCount: number, ms: number, shardItemCount: number): void;
  tooLarge(callItemCount: number): void;
}
