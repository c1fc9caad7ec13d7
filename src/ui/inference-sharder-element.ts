import { createSharder, type LoadNotice, type LoadingProgress } from "../index.js";
import { readOptions, type ElementOptions } from "./element-options.js";
import { layOutPage } from "./layout.js";
import { modelStyles } from "./model/model-styles.js";
import { ModelView } from "./model/model-view.js";
import { failureText } from "./parts/failure-text.js";
import { Tabs } from "./parts/tabs.js";
import { loadSample } from "./picture/load-sample.js";
import { PageView } from "./picture/page-view.js";
import type { ChosenPicture } from "./picture/picture-job.js";
import { styles } from "./styles.js";

/** Attribute: addresses on other sites, which are loaded from once the user has agreed. */
export const ASK_FIRST = "ask-first";

/**
 * `<inference-sharder>`: enlarges a picture on all the compute of the machine, or runs the user's own model, and shows
 * how. For the attributes, see `readOptions`; `embed` hides the header. The element loads its model when it is added to
 * a page, and ends its workers when it is removed.
 */
export class InferenceSharderElement extends HTMLElement {
  readonly #root = this.attachShadow({ mode: "open" });
  #life: AbortController | undefined;
  #view: PageView | undefined;
  #modelView: ModelView | undefined;

  connectedCallback(): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles + modelStyles);
    this.#root.adoptedStyleSheets = [sheet];
    this.#start();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  #start(): void {
    const life = new AbortController();
    this.#life = life;
    const tabs = new Tabs([
      { id: "picture", title: "Enlarge a picture" },
      { id: "model", title: "Your own model" },
    ]);
    const [picturePanel, modelPanel] = tabs.panels as [HTMLElement, HTMLElement];
    this.#modelView = new ModelView(this, () => !modelPanel.hidden, life.signal);
    modelPanel.append(...this.#modelView.roots);
    this.#root.replaceChildren(...layOutPage(tabs));
    const modelView = this.#modelView;
    void modelView.offerInterrupted().then((isOffered) => isOffered && tabs.show(1));
    this.#startPictures(picturePanel, life.signal);
  }

  /** Starts over when the user retries a failed load. The other tab is not affected. */
  #startPictures(panel: HTMLElement, signal: AbortSignal): void {
    const attempt = new AbortController();
    signal.addEventListener("abort", () => attempt.abort(), { once: true });
    const view = new PageView(this, () => !panel.hidden, attempt.signal);
    this.#view = view;
    panel.replaceChildren(...view.roots);
    const asked = this.getAttribute(ASK_FIRST);
    if (asked !== null) {
      const answer = (drops: readonly string[]) => () => {
        for (const name of [ASK_FIRST, ...drops]) this.removeAttribute(name);
        attempt.abort();
        view.close();
        this.#startPictures(panel, signal);
      };
      view.ask(asked.split(" "), answer([]), answer(["model", "sample"]));
      return;
    }
    this.#load(view, attempt.signal).catch((thrown: unknown) => {
      if (attempt.signal.aborted) return;
      view.failLoading(failureText(thrown), () => {
        attempt.abort();
        view.close();
        this.#startPictures(panel, signal);
      });
    });
  }

  #end(): void {
    this.#life?.abort();
    this.#view?.close();
    this.#modelView?.close();
    this.#view = undefined;
    this.#modelView = undefined;
  }

  async #load(view: PageView, signal: AbortSignal): Promise<void> {
    const options = readOptions(this);
    const sample = this.#fetchSample(options, signal);
    const onProgress = (progress: LoadingProgress): void => view.showLoading(progress);
    const onNotice = ({ message }: LoadNotice): void => view.note(message);
    const { model, workers } = options;
    const sharder = await createSharder({ model, workers, onProgress, onNotice, signal });
    if (signal.aborted) return sharder.dispose();
    view.start(sharder, options.tileSize);
    await view.offerInterrupted();
    const picture = await sample;
    if (picture instanceof Error) view.refuse("The sample could not be loaded", picture.message);
    else if (picture !== undefined && !signal.aborted) view.offerSample(picture);
  }

  /** Never rejects: the page works without its sample. */
  async #fetchSample({ sample }: ElementOptions, signal: AbortSignal): Promise<ChosenPicture | Error | undefined> {
    if (sample === "") return undefined;
    try {
      return await loadSample(sample, signal);
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }
}
