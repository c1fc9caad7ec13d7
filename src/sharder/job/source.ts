import { ShardError } from "../../core/errors.js";
import { orShardError } from "../../protocol/raw-errors.js";
import type { Inputs } from "../inputs/prepare-inputs.js";
import { SourceFailure } from "./sharding-job.js";

/** Where a stream's inputs come from. */
export type Source = Iterable<Inputs> | AsyncIterable<Inputs>;

/** A source that is being read. Whatever it yields may be anything. */
export class SourceReader {
  readonly #iterator: AsyncIterator<Inputs> | Iterator<Inputs>;
  #isExhausted = false;

  /** @throws ShardError "invalid-input" if the source is not iterable; whatever the source throws. */
  constructor(source: Source) {
    this.#iterator = iterate(source);
  }

  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /**
   * @returns the next inputs; `undefined` at the end.
   * @throws SourceFailure with whatever the source throws; ShardError "invalid-input" for a step that is none.
   */
  async next(): Promise<{ readonly inputs: Inputs } | undefined> {
    const step = checkStep(await this.#step());
    if (step.done !== true) return { inputs: step.value };
    this.#isExhausted = true;
    return undefined;
  }

  async #step(): Promise<unknown> {
    try {
      return await this.#iterator.next();
    } catch (thrown) {
      throw new SourceFailure(thrown);
    }
  }

  /** Close the source, unless it has ended. The consumer neither waits for this nor sees its errors, since the stream is over. */
  close(): void {
    if (!this.#isExhausted) void this.#closeQuietly();
  }

  async #closeQuietly(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {
      // Nobody is left to see it.
    }
  }
}

/** What an iterator gives may be anything. @throws ShardError "invalid-input" */
function checkStep(step: unknown): IteratorResult<Inputs> {
  if (typeof step === "object" && step !== null) return step as IteratorResult<Inputs>;
  throw new ShardError(
    "invalid-input",
    `Expected the source's iterator to give { done, value }, received ${String(step).slice(0, 40)}: use a generator.`,
  );
}

/** Also a Proxy of one. */
function isTypedArray(value: object): boolean {
  return Object.prototype.isPrototypeOf.call(Object.getPrototypeOf(Uint8Array.prototype) as object, value);
}

function iterate(source: Source): AsyncIterator<Inputs> | Iterator<Inputs> {
  const begin = orShardError("invalid-input", "a source that can be read", "pass an array or a generator", () => {
    // Numbers are no inputs; a Proxy of a typed array can't even be iterated.
    if (typeof source !== "object" || source === null || isTypedArray(source)) return undefined;
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator];
    return Symbol.iterator in source ? source[Symbol.iterator] : undefined;
  });
  if (typeof begin === "function") {
    const iterator: unknown = Reflect.apply(begin, source, []);
    if (isIterator(iterator)) return iterator;
    throw new ShardError(
      "invalid-input",
      `Expected the source's iterator to have a method next, received ${iterator === null ? "null" : typeof iterator}: pass an array, a generator or a stream.`,
    );
  }
  throw new ShardError(
    "invalid-input",
    `Expected an iterable or async iterable of inputs, received ${typeof source}: pass an array, a generator or a stream.`,
  );
}

function isIterator(value: unknown): value is AsyncIterator<Inputs> | Iterator<Inputs> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}
