import { deleteJournal } from "../../index.js";
import { ResumeOffer } from "../parts/resume-offer.js";
import type { ModelChoice } from "./model-choice.js";
import type { ModelInputsPanel } from "./model-inputs.js";
import type { InterruptedModel, ModelResume } from "./model-resume.js";
import type { ModelSession } from "./model-session.js";

/** What the offer needs of the tab. */
interface OfferOwner {
  /** Something begins, so that earlier notices are obsolete. */
  begin(): void;
  fail(title: string, message: string): void;
}

/** Offers to resume the run of a model that a reload has interrupted, and resumes it. */
export class InterruptedOffer {
  readonly offer = new ResumeOffer("resume-model");
  readonly #resume: ModelResume;
  readonly #session: ModelSession;
  readonly #inputs: ModelInputsPanel;
  readonly #choice: ModelChoice;
  readonly #owner: OfferOwner;

  constructor(
    resume: ModelResume,
    session: ModelSession,
    inputs: ModelInputsPanel,
    choice: ModelChoice,
    owner: OfferOwner,
  ) {
    this.#resume = resume;
    this.#session = session;
    this.#inputs = inputs;
    this.#choice = choice;
    this.#owner = owner;
  }

  /** Never rejects. @returns whether there is a run to resume. */
  async show(signal: AbortSignal): Promise<boolean> {
    const found = await this.#resume.find();
    if (found === undefined || signal.aborted || this.#session.activity !== undefined) return false;
    this.offer.show(found.text, {
      resume: () => void this.#begin(found, false),
      startOver: () => void this.#begin(found, true),
    });
    return true;
  }

  async #begin({ load, run }: InterruptedModel, startsOver: boolean): Promise<void> {
    this.#owner.begin();
    if (load !== undefined) await this.#choice.loadAgain(load);
    // A failure to load has been reported, and the offer stays.
    if (load !== undefined && this.#session.loaded !== load) return;
    const chosen = this.#inputs.request;
    const request = load === undefined && run.kind !== "random" ? chosen : run;
    if (this.#session.sharder === undefined || request === undefined) {
      const advice = "Expected the model’s files and its inputs again, received none so far: choose them first.";
      this.#owner.fail("It can’t be resumed yet", advice);
      return;
    }
    if (startsOver) await deleteJournal(this.#resume.journal).catch(() => false);
    await this.#session.start(request);
  }
}
