/** What a server answers with that has no binary tensors, or where its own code fails. */
const MAY_LACK_BINARY: ReadonlySet<number> = new Set([400, 406, 411, 415, 422, 500, 501]);
/** One request may fail in one form and succeed in the other by chance: so often it has to, one after the other. */
const ENOUGH = 2;

/** How one request is sent: at first with binary tensors, unless it is known that the server has none. */
export interface RequestForm {
  readonly isBinary: boolean;
  /** The request failed. @returns whether it is worth sending again as it is then, in JSON. */
  mayTryJson(status: number): boolean;
  /** It was answered well. */
  succeeded(): void;
}

/**
 * Finds out whether a server takes binary tensors, where it does not say so: each request is tried in them first, and in JSON if it is
 * refused. Two requests that show the same, the second sent after the first was answered, settle it for JSON; one that is answered
 * settles it for binary tensors.
 */
export class BinaryTrial {
  /** `undefined` until that is known. */
  #takesBinary: boolean | undefined;
  #jsonCount = 0;

  /** @param takesBinary whether the server lists the extension. There are servers that have it, and list others only. */
  constructor(takesBinary: boolean | undefined) {
    this.#takesBinary = takesBinary === true ? true : undefined;
  }

  begin(): RequestForm {
    let isBinary = this.#takesBinary ?? true;
    let isRefused = false;
    const jsonCount = this.#jsonCount;
    return {
      get isBinary() {
        return isBinary;
      },
      mayTryJson: (status) => {
        if (!isBinary || this.#takesBinary === true || !MAY_LACK_BINARY.has(status)) return false;
        isBinary = false;
        isRefused = true;
        return true;
      },
      succeeded: () => {
        if (isBinary) this.#takesBinary = true;
        // Those that were under way together may have failed for one reason.
        else if (isRefused && this.#takesBinary === undefined && jsonCount === this.#jsonCount) {
          if (++this.#jsonCount >= ENOUGH) this.#takesBinary = false;
        }
      },
    };
  }
}
