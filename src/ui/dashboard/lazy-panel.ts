import { element } from "../parts/dom.js";
import type { ShownSharder, SharderPanel } from "./panel.js";

/** How far from the visible part of the page a panel's script begins to load. */
const MARGIN = "300px";

/** Stands for a panel whose script is loaded once the panel is about to come into view: until then it costs nothing. */
export class LazyPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #load: () => Promise<SharderPanel>;
  readonly #title: string;
  #shown: ShownSharder | undefined;
  #panel: SharderPanel | undefined;
  #isLoading = false;

  /** @param title what the panel shows, in case that it can't be loaded. */
  constructor(title: string, load: () => Promise<SharderPanel>) {
    this.#load = load;
    this.#title = title;
    this.root = element("div", { class: "lazy-panel" }, element("p", { class: "muted" }, `${title}: loading …`));
  }

  attach(shown: ShownSharder): void {
    this.#shown = shown;
    if (this.#panel !== undefined) return this.#panel.attach(shown);
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near.disconnect();
        void this.#open();
      },
      { rootMargin: MARGIN },
    );
    near.observe(this.root);
    shown.signal.addEventListener("abort", () => near.disconnect(), { once: true });
  }

  async #open(): Promise<void> {
    if (this.#isLoading || this.#panel !== undefined) return;
    this.#isLoading = true;
    try {
      this.#panel = await this.#load();
      this.root.replaceChildren(this.#panel.root);
      if (this.#shown?.signal.aborted === false) this.#panel.attach(this.#shown);
    } catch {
      this.root.replaceChildren(`${this.#title}: could not be loaded. Reload the page to try again.`);
    }
    this.#isLoading = false;
  }
}
