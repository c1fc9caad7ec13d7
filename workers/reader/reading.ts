import type { ReadRequest, ReadResult, ReadStep } from "../../src/protocol/reader-api.js";
import { startHdf5 } from "./h5-file.js";
import { readKeras } from "./read-keras.js";
import { unzip } from "./unzip.js";

/** How long a step reads on, ms. */
const STEP_MS = 200;

/** A file that is being read, step by step. */
export class Reading {
  readonly #work: AsyncGenerator<undefined, ReadResult<Blob>>;

  private constructor(work: AsyncGenerator<undefined, ReadResult<Blob>>) {
    this.#work = work;
  }

  /** Load what the request needs; nothing of the file is read yet. */
  static async begin(request: ReadRequest<Blob>): Promise<Reading> {
    if (request.kind === "keras") await startHdf5();
    return new Reading(read(request));
  }

  /** @throws ShardError as `unzip` and `readKeras`. */
  async step(): Promise<ReadStep<Blob>> {
    const startMs = performance.now();
    while (performance.now() - startMs < STEP_MS) {
      const { done, value } = await this.#work.next();
      if (done === true) return value;
    }
    return { kind: "busy" };
  }
}

async function* read(request: ReadRequest<Blob>): AsyncGenerator<undefined, ReadResult<Blob>> {
  if (request.kind === "archive") return { kind: "files", files: yield* unzip(request.archive, request.name) };
  return { kind: "model", model: yield* readKeras(request) };
}
