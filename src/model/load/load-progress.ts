export interface LoadProgress {
  readonly phase: "model";
  readonly loadedBytes: number;
  /** `undefined` until model.json has been read; if it can't state the size of the weights, until all of them have arrived. */
  readonly totalBytes: number | undefined;
  /** 0…1; 0 while the total is unknown. */
  readonly fraction: number;
}

/** Counts the bytes of one model and reports every step. */
export class ProgressCounter {
  #loadedBytes = 0;
  #totalBytes: number | undefined;
  readonly #report: (progress: LoadProgress) => void;

  constructor(report: (progress: LoadProgress) => void) {
    this.#report = report;
  }

  get loadedBytes(): number {
    return this.#loadedBytes;
  }

  add(byteCount: number): void {
    this.#loadedBytes += byteCount;
    const total = this.#totalBytes;
    const fraction = total === undefined ? 0 : total === 0 ? 1 : Math.min(1, this.#loadedBytes / total);
    this.#report({ phase: "model", loadedBytes: this.#loadedBytes, totalBytes: this.#totalBytes, fraction });
  }

  /** @param weightBytes bytes still to come; `undefined` if model.json can't state them (strings). */
  expect(weightBytes: number | undefined): void {
    if (weightBytes !== undefined) this.#totalBytes = this.#loadedBytes + weightBytes;
  }

  /** One file is the whole model. @param fileBytes its size, if known. */
  announce(fileBytes: number | undefined): void {
    this.#totalBytes = fileBytes;
  }

  /** Everything is loaded: report fraction 1, even if the total was unknown. */
  finish(): void {
    this.#totalBytes = this.#loadedBytes;
    this.add(0);
  }
}

/** Counts the bytes of one file, and reports only those that have not arrived before: a download may start over. */
export function countOnce(onBytes: (byteCount: number) => void): {
  readonly count: (byteCount: number) => void;
  readonly restart: () => void;
} {
  let reportedBytes = 0;
  let arrivedBytes = 0;
  return {
    count: (byteCount) => {
      arrivedBytes += byteCount;
      const freshBytes = arrivedBytes - reportedBytes;
      if (freshBytes <= 0) return;
      reportedBytes = arrivedBytes;
      onBytes(freshBytes);
    },
    restart: () => void (arrivedBytes = 0),
  };
}
