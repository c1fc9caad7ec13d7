import type { StreamJournalOptions } from "../../index.js";
import { formatCount } from "../parts/format.js";
import { findInterrupted } from "../parts/interrupted-run.js";
import { KeptJob } from "../parts/kept-job.js";
import type { ChosenPicture, PictureJob } from "./picture-job.js";

/** The journal of the picture that is being enlarged; there is one at a time. */
export const PICTURE_JOURNAL = "page: picture";

/** Kept until the job has ended. */
export function pictureJournal({ name, blob }: ChosenPicture): StreamJournalOptions {
  return { name: PICTURE_JOURNAL, key: `${name}, ${blob.size} bytes`, ifBusy: "ignore", keepResults: false };
}

/** A picture whose enlarging was interrupted. */
export interface InterruptedPicture {
  readonly picture: ChosenPicture;
  /** "Resume sample.png: 312 of 690 tiles are done." */
  readonly text: string;
}

/** Keeps the picture that is being enlarged, so that a reload can resume it. */
export class PictureResume {
  readonly #kept = new KeptJob("picture");
  #keptJob: PictureJob | undefined;

  /** A journal has been opened for this job. */
  keep(job: PictureJob): void {
    this.#keptJob = job;
    const { blob, name } = job.picture;
    void this.#kept.keep({ tileCount: job.tileCount }, [new File([blob], name, { type: blob.type })]);
  }

  /** This job has ended, so that there is nothing to resume. */
  forget(job: PictureJob): void {
    if (this.#keptJob !== job) return;
    this.#keptJob = undefined;
    void this.#kept.forget();
  }

  async find(): Promise<InterruptedPicture | undefined> {
    const run = await findInterrupted(this.#kept, PICTURE_JOURNAL);
    const [file] = run?.files ?? [];
    if (run === undefined || file === undefined) return undefined;
    const { tileCount } = (run.description ?? {}) as { readonly tileCount?: unknown };
    const of = typeof tileCount === "number" ? formatCount(tileCount, "tile") : "its tiles";
    return {
      picture: { blob: file, name: file.name },
      text: `Resume ${file.name}: ${run.doneItemCount} of ${of} are done.`,
    };
  }
}
