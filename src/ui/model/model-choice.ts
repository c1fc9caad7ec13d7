import type { Sharder, WorkerSpec } from "../../index.js";
import { readSplit } from "../element-options.js";
import type { Notice } from "../parts/notice.js";
import { specsOf } from "../workers/worker-specs.js";
import type { ModelInputsPanel } from "./model-inputs.js";
import type { LoadRequest } from "./model-request.js";
import type { ModelSession } from "./model-session.js";
import { ModelSourcePanel } from "./model-source.js";
import { sortFiles } from "./sort-files.js";
import { WaitingFiles } from "./waiting-files.js";

/** What the tab loads: a model of the user's or the host's choice, with the files that come with it or wait for it. */
export class ModelChoice {
  readonly source: ModelSourcePanel;
  readonly #host: HTMLElement;
  readonly #session: ModelSession;
  readonly #inputs: ModelInputsPanel;
  readonly #notice: Notice;
  readonly #onWaiting: () => void;
  /** What was asked for last, whether it could be loaded or not. */
  #requested: Pick<LoadRequest, "model" | "labels"> | undefined;
  readonly #waiting = new WaitingFiles();

  /** @param host has the attributes. @param onWaiting called when files have been chosen before there is a model. */
  constructor(
    host: HTMLElement,
    session: ModelSession,
    inputs: ModelInputsPanel,
    notice: Notice,
    onWaiting: () => void,
  ) {
    this.#host = host;
    this.#session = session;
    this.#inputs = inputs;
    this.#notice = notice;
    this.#onWaiting = onWaiting;
    this.source = new ModelSourcePanel({
      loadAddress: (address) => this.#load({ model: address, labels: this.#waiting.labels }),
      takeFiles: (files) => this.take(files),
      splitChanged: () => this.#reloadSplit(),
    });
    this.source.split = readSplit(host);
  }

  /** "the labels in labels.txt, 3 pictures": what has been chosen for a model that is still missing. */
  get waitingText(): string {
    return this.#waiting.text;
  }

  /** Load the model at an address, as if the user had entered it. */
  load(address: string): void {
    this.source.split = readSplit(this.#host);
    this.#load({ model: address, labels: undefined });
  }

  /** Load the present model again, since the attributes name other workers or another split. */
  reload(): void {
    this.source.split = readSplit(this.#host);
    if (this.#requested !== undefined) this.#load(this.#requested);
  }

  /** Load the model of a run that is to be resumed. */
  async loadAgain(load: LoadRequest): Promise<void> {
    this.#requested = load;
    await this.#session.load(load);
  }

  /** Run the host's own sharder, which stays the host's to end. @param address of its model, where the host says it. */
  use(sharder: Sharder, address: string | undefined): void {
    this.#notice.hide();
    this.#requested = undefined;
    this.#session.use(sharder, address);
  }

  /** Ask before a model is loaded from another site. @param text the question. */
  ask(text: string, onAgree: () => void, onDecline: () => void): void {
    const answer = (act: () => void) => () => {
      this.#notice.hide();
      act();
    };
    this.#notice.ask("Load from another site?", text, [
      { title: "Load it", run: answer(onAgree) },
      { title: "No, thanks", run: answer(onDecline) },
    ]);
  }

  /** Files that were chosen, dropped or pasted: a model's, its labels, pictures or numbers. */
  take(files: readonly File[]): void {
    const { pictures, model, labels, tensors } = sortFiles(files);
    this.#notice.hide();
    this.#inputs.usePictures(pictures);
    this.#inputs.useTensors(tensors);
    if (model.length > 0) {
      this.#load({ model, labels: labels ?? this.#waiting.labels });
    } else if (this.#session.sharder !== undefined) {
      if (labels !== undefined) void this.#session.useLabels(labels);
    } else {
      this.#waiting.add({ labels, pictures, tensors });
      this.#onWaiting();
    }
  }

  /** There is a model now. @returns what has waited for it. */
  takeWaiting(): ReturnType<WaitingFiles["take"]> {
    return this.#waiting.take();
  }

  /** A worker holds either the whole model or a stage of it, so another split needs another load. */
  #reloadSplit(): void {
    const { activity, sharder } = this.#session;
    const isBusy = activity !== undefined && activity.kind !== "loading";
    if (this.#requested !== undefined && !isBusy)
      this.#load(this.#requested, sharder && specsOf(sharder, this.source.split === "layers"));
  }

  /** @param workers others than the attributes name. */
  #load({ model, labels }: Pick<LoadRequest, "model" | "labels">, workers?: readonly WorkerSpec[]): void {
    this.#requested = { model, labels };
    this.#notice.hide();
    this.source.show(model);
    void this.#session.load({ model, labels, split: this.source.split }, workers);
  }
}
