import { createSharder, ShardError, type LoadNotice, type LoadingProgress, type Sharder } from "../index.js";
import { BUNDLED_MODEL, modelSource } from "./bundled-files.js";
import type { Division } from "./dashboard/host.js";
import { relayEvents, reportError } from "./element-events.js";
import { readAutorun, readOptions, type ElementOptions } from "./element-options.js";
import { ASK_FIRST, askingText } from "./linked-addresses.js";
import type { JobView } from "./job-view.js";
import { failureText } from "./parts/failure-text.js";
import { loadSample } from "./picture/load-sample.js";
import { PageView } from "./picture/page-view.js";
import type { ChosenPicture } from "./picture/picture-job.js";
import type { PictureStorage } from "./picture/picture-resume.js";
import type { EngineChoice } from "./settings/engine-setting.js";
import { addServers, rememberServers, specsOf } from "./workers/worker-specs.js";

export interface PictureSetup {
  /** The host's own sharder, which stays the host's to end. */
  readonly lent: Sharder | undefined;
  /** Address of its model, where the host says it. */
  readonly lentModel: string | undefined;
  /** Whether the attribute `model` names a model for pictures. */
  readonly hasOwnModel: boolean;
}

/** The tab "Enlarge a picture" over time: loads what the attributes name, and starts over when they change or the user retries. */
export class PictureTab {
  readonly #host: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #toModel: (files: readonly File[]) => void;
  readonly #storage: PictureStorage;
  #attempt: AbortController | undefined;
  #fetching: AbortController | undefined;
  #view: PageView | undefined;
  #setup: PictureSetup = { lent: undefined, lentModel: undefined, hasOwnModel: true };

  /** @param toModel takes a model's files that were dropped here. @param signal aborts when the element leaves the page. */
  constructor(
    host: HTMLElement,
    panel: HTMLElement,
    toModel: (files: readonly File[]) => void,
    storage: PictureStorage,
    signal: AbortSignal,
  ) {
    this.#storage = storage;
    this.#host = host;
    this.#panel = panel;
    this.#toModel = toModel;
    signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  /** Whether it runs a sharder of the host's own. */
  get isLent(): boolean {
    return this.#setup.lent !== undefined;
  }

  /** `undefined` until the tab has been shown. */
  get view(): JobView | undefined {
    return this.#view;
  }

  /** Start, or start over, by the attributes as they are now. */
  start(setup: PictureSetup): void {
    this.#end();
    this.#setup = setup;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const view = new PageView(this.#host, () => !this.#panel.hidden, this.#toModel, this.#storage, attempt.signal);
    this.#view = view;
    this.#panel.replaceChildren(...view.roots);
    const asked = this.#host.getAttribute(ASK_FIRST);
    if (asked === null) return this.#loadWhenWanted(view, attempt.signal);
    // The change of the attributes starts it over.
    const answer = (drops: readonly string[]) => () => {
      for (const name of [...drops, ASK_FIRST]) this.#host.removeAttribute(name);
    };
    view.loading.ask(askingText(asked), answer([]), answer(["model", "src", "sample"]));
  }

  /** Enlarge the picture that the attributes name now, if the tab is in use. */
  async showSource(): Promise<void> {
    const { source } = readOptions(this.#host);
    // What waits for the user or for an answer reads the attributes once it begins.
    if (source === "" || this.#attempt === undefined || this.#view?.loading.state === "waiting") return;
    // Of several pictures that are named in quick succession, the last one counts, whichever arrives first.
    this.#fetching?.abort();
    this.#fetching = new AbortController();
    const signal = AbortSignal.any([this.#attempt.signal, this.#fetching.signal]);
    try {
      const { blob, name } = await loadSample(source, signal);
      if (!signal.aborted) this.#view?.run(new File([blob], name, { type: blob.type }));
    } catch (thrown) {
      if (!signal.aborted && this.#view !== undefined) this.#refuse(this.#view, thrown);
    }
  }

  #loadWhenWanted(view: PageView, signal: AbortSignal): void {
    const load = (): void => {
      this.#load(view, signal).catch((thrown: unknown) => {
        if (signal.aborted) return;
        view.loading.fail(failureText(thrown), () => this.start(this.#setup));
        if (thrown instanceof ShardError) reportError(this.#host, { job: "picture", error: thrown });
      });
    };
    if (readAutorun(this.#host)) load();
    else view.loading.holdBack(load);
  }

  async #load(view: PageView, signal: AbortSignal): Promise<void> {
    const options = readOptions(this.#host);
    const sample = fetchSample(options.source, signal);
    const sharder = this.#setup.lent ?? (await this.#create(view, signal));
    if (signal.aborted) return;
    relayEvents(sharder, this.#host, signal);
    view.division = this.#setup.lent === undefined ? this.#divisionOf(view, sharder, signal) : undefined;
    view.start(sharder, options.tileSize, this.#setup.lent === undefined ? this.#model : this.#setup.lentModel);
    await view.offerInterrupted();
    const picture = await sample;
    if (picture instanceof Error) this.#refuse(view, picture);
    else if (picture !== undefined && !signal.aborted) view.offerSample(picture);
  }

  /** Where the model is. */
  get #model(): string {
    return this.#setup.hasOwnModel ? readOptions(this.#host).model : BUNDLED_MODEL;
  }

  /** How the model is divided, and how that is changed: by another sharder, whose workers are like the present ones. */
  #divisionOf(view: PageView, first: Sharder, signal: AbortSignal): Division {
    let sharder = first;
    let changeCount = 0;
    const division: { -readonly [Key in keyof Division]: Division[Key] } = {
      split: readOptions(this.#host).split,
      engine: "tfjs",
      change: async ({ split = division.split, engine = division.engine }): Promise<boolean> => {
        const change = ++changeCount;
        try {
          const isSame = engine === "tfjs" && division.engine === "tfjs";
          const present = specsOf(sharder, split === "layers");
          const { workers: listed } = readOptions(this.#host);
          // Which workers are of use depends on the engine: of another one, no more are chosen than were listed.
          const workers = isSame ? present : engine === "tfjs" ? listed : "auto";
          const maxWorkers = workers === "auto" && listed !== "auto" ? listed.length : undefined;
          const next = await this.#create(view, signal, { split, workers, maxWorkers }, engine);
          if (isSame) rememberServers(next, present);
          else void addServers(next, present);
          if (signal.aborted) return false;
          if (change !== changeCount) {
            // Another choice was made meanwhile, whose workers may have started sooner.
            void next.dispose();
            return false;
          }
          relayEvents(next, this.#host, signal);
          [division.split, division.engine] = [split, engine];
          view.exchange(next);
          void sharder.dispose();
          sharder = next;
          return true;
        } catch (thrown) {
          if (!signal.aborted) view.fail("The model could not be run so", failureText(thrown));
          return false;
        }
      },
    };
    return division;
  }

  async #create(
    view: PageView,
    signal: AbortSignal,
    {
      workers,
      split,
      maxWorkers,
    }: Pick<ElementOptions, "workers" | "split"> & { readonly maxWorkers?: number | undefined } = readOptions(
      this.#host,
    ),
    engine?: EngineChoice,
  ): Promise<Sharder> {
    const onProgress = (progress: LoadingProgress): void => view.loading.show(progress);
    const onNotice = ({ message }: LoadNotice): void => view.note(message);
    const source = modelSource(this.#model);
    const named = engine === undefined || engine === "tfjs" ? {} : { engine };
    const options = { ...source, ...named, workers, split, maxWorkers, onProgress, onNotice, signal };
    const sharder = await createSharder(options);
    if (signal.aborted) void sharder.dispose();
    else signal.addEventListener("abort", () => void sharder.dispose(), { once: true });
    return sharder;
  }

  #refuse(view: PageView, thrown: unknown): void {
    view.fail("The picture could not be loaded", failureText(thrown));
    if (thrown instanceof ShardError) reportError(this.#host, { job: "picture", error: thrown });
  }

  #end(): void {
    // Jobs end before their sharder does.
    this.#view?.close();
    this.#attempt?.abort();
    this.#view = undefined;
  }
}

/** Never rejects: the page works without its sample. */
async function fetchSample(address: string, signal: AbortSignal): Promise<ChosenPicture | Error | undefined> {
  if (address === "") return undefined;
  try {
    return await loadSample(address, signal);
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}
