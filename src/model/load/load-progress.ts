export interface LoadProgress {
  readonly phase: "model";
  readonly loadedBytes: number;
  /** `undefined` until model.json has told how many bytes of weights there are, or until all have arrived. */
  readonly totalBytes: number | undefined;
  /** 0…1; 0 while the total is unknown. */
  readonly fraction: number;
}

/** Counts the bytes of one model and tells each step. */
export class ProgressCounter {
  #loadedBytes = 0;
  #totalBytes: number | undefined;
  readonly #tell: (progress: LoadProgress) => void;

  constructor(tell: (progress: LoadProgress) => void) {
    this.#tell = tell;
  }

  add(byteCount: number): void {
    this.#loadedBytes += byteCount;
    const fraction = this.#totalBytes === undefined ? 0 : Math.min(1, this.#loadedBytes / this.#totalBytes);
    this.#tell({ phase: "model", loadedBytes: this.#loadedBytes, totalBytes: this.#totalBytes, fraction });
  }

  /** @param weightBytes that come on top of what is loaded; `undefined` where the file can't tell (strings). */
  expect(weightBytes: number | undefined): void {
    if (weightBytes !== undefined) this.#totalBytes = this.#loadedBytes + weightBytes;
  }

  /** All is loaded: the fraction is 1 now, even where nobody knew the total. */
  finish(): void {
    this.#totalBytes = this.#loadedBytes;
    this.add(0);
  }
}

/** Counts the bytes of one file, and tells only of those that it has not had before: a file may start anew. */
export function countOnce(onBytes: (byteCount: number) => void): {
  readonly count: (byteCount: number) => void;
  readonly restart: () => void;
} {
  let toldBytes = 0;
  let comeBytes = 0;
  return {
    count: (byteCount) => {
      comeBytes += byteCount;
      const freshBytes = comeBytes - toldBytes;
      if (freshBytes <= 0) return;
      toldBytes = comeBytes;
      onBytes(freshBytes);
    },
    restart: () => void (comeBytes = 0),
  };
}
