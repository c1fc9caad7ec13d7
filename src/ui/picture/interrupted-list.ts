import type { ResumeOffer } from "../parts/resume-offer.js";
import type { ChosenPicture } from "./picture-job.js";
import type { InterruptedPictures } from "./picture-resume.js";
import type { QueueKeeper } from "./queue-keeper.js";
import type { UpscaleSession } from "./upscale-session.js";

/** What the offer needs of the tab. */
interface ListRestorer {
  readonly session: UpscaleSession | undefined;
  restore(found: InterruptedPictures): void;
  choose(pictures: readonly ChosenPicture[]): void;
  /** Do something that may fail, and say so. @param what is said then. */
  attempt(what: string, action: () => Promise<unknown>): Promise<void>;
}

/** Offers to resume the pictures that a reload has interrupted, or to show those that were not saved. */
export class InterruptedList {
  readonly #offer: ResumeOffer;
  readonly #keeper: QueueKeeper;
  readonly #tab: ListRestorer;

  constructor(offer: ResumeOffer, keeper: QueueKeeper, tab: ListRestorer) {
    this.#offer = offer;
    this.#keeper = keeper;
    this.#tab = tab;
  }

  /** Never rejects. @param signal aborts when the element leaves the page. */
  async show(signal: AbortSignal): Promise<void> {
    const found = await this.#keeper.find();
    if (found === undefined || signal.aborted || this.#tab.session?.job !== undefined) return;
    const resume = (): void => {
      this.#offer.hide();
      this.#tab.restore(found);
    };
    this.#offer.show(found.text, { resume, startOver: () => void this.#startOver(found, signal) });
  }

  async #startOver({ entries }: InterruptedPictures, signal: AbortSignal): Promise<void> {
    this.#offer.hide();
    await this.#tab.attempt("The journal could not be deleted", () => this.#keeper.discardTiles());
    if (!signal.aborted) this.#tab.choose(entries.map(({ picture }) => picture));
  }
}
