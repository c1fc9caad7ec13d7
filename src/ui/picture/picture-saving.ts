import type { PictureEncoding } from "../../index.js";
import { saveJob } from "./save-pictures.js";
import type { UpscaleSession } from "./upscale-session.js";

/** What saving needs of the tab. */
interface SavedTab {
  readonly session: UpscaleSession | undefined;
  readonly scale: number;
  /** What the user has chosen. */
  readonly encoding: PictureEncoding;
  update(): void;
  attempt(what: string, action: () => Promise<unknown>): Promise<void>;
}

/** Saves the picture that is shown, once at a time. */
export class PictureSaving {
  readonly #tab: SavedTab;
  #isSaving = false;

  constructor(tab: SavedTab) {
    this.#tab = tab;
  }

  get isSaving(): boolean {
    return this.#isSaving;
  }

  async save(): Promise<void> {
    const { session, scale, encoding } = this.#tab;
    const job = session?.shown;
    if (job?.result === undefined || this.#isSaving) return;
    this.#isSaving = true;
    this.#tab.update();
    await this.#tab.attempt(`${job.picture.name} could not be saved`, () => saveJob(job, scale, encoding));
    this.#isSaving = false;
    this.#tab.update();
  }
}
