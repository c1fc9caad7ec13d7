import { ShardError } from "../core/errors.js";
import { createSharder } from "../sharder/create-sharder.js";
import type { LoadingProgress } from "../sharder/options.js";
import { readOptions, type ElementOptions } from "./element-options.js";
import { loadSample } from "./load-sample.js";
import { PageView } from "./page-view.js";
import type { ChosenPicture } from "./picture-job.js";
import { styles } from "./styles.js";

/**
 * `<inference-sharder>`: enlarges a picture on all the compute of the machine, and shows how. Attributes: see
 * `readOptions`, and `embed`, which leaves the header out. Loads when it is put into a page; ends its workers
 * when it is taken out.
 */
export class InferenceSharderElement extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  #life: AbortController | undefined;
  #view: PageView | undefined;

  connectedCallback(): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    this.#root.adoptedStyleSheets = [sheet];
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  #begin(): void {
    const life = new AbortController();
    this.#life = life;
    const view = new PageView(this, life.signal);
    this.#view = view;
    this.#root.replaceChildren(...view.roots);
    this.#load(view, life.signal).catch((thrown: unknown) => {
      if (life.signal.aborted) return;
      view.failLoading(messageOf(thrown), () => {
        this.#end();
        this.#begin();
      });
    });
  }

  #end(): void {
    this.#life?.abort();
    this.#view?.close();
    this.#view = undefined;
  }

  async #load(view: PageView, signal: AbortSignal): Promise<void> {
    const options = readOptions(this);
    const sample = this.#fetchSample(options, signal);
    const onProgress = (progress: LoadingProgress): void => view.showLoading(progress);
    const sharder = await createSharder({ model: options.model, workers: options.workers, onProgress, signal });
    if (signal.aborted) return sharder.dispose();
    view.start(sharder, options.tileSize);
    const picture = await sample;
    if (picture instanceof Error) view.refuse("The sample could not be loaded", picture.message);
    else if (picture !== undefined && !signal.aborted) view.offerSample(picture);
  }

  /** Never rejects: the page is usable without its sample. */
  async #fetchSample({ sample }: ElementOptions, signal: AbortSignal): Promise<ChosenPicture | Error | undefined> {
    if (sample === "") return undefined;
    try {
      return await loadSample(sample, signal);
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof ShardError || thrown instanceof Error) return thrown.message;
  return String(thrown);
}
