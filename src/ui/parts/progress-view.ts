import { element, setAttribute, setText } from "./dom.js";
import { formatPercent } from "./format.js";

/** What a `ProgressView` shows. */
export interface ProgressText {
  /** 0 while nothing has been done, `undefined` while the progress is unknown. */
  readonly fraction: number | undefined;
  readonly headline: string;
  readonly detail: string;
  /** Whether the job has ended, in whatever way. Default false. */
  readonly isOver?: boolean;
}

/** Name of the event by which a `ProgressView` reports what it shows, inside the element: it stays within its shadow root. */
export const PROGRESS_SHOWN = "progress-shown";

/** A headline, a progress bar and a line of detail. */
export class ProgressView {
  readonly roots: readonly HTMLElement[];
  readonly #headline: HTMLElement;
  readonly #percent = element("span", { class: "percent" });
  readonly #detail: HTMLElement;
  readonly #fill = element("span", { class: "bar-fill" });
  readonly #bar = element(
    "div",
    {
      class: "bar progress",
      role: "progressbar",
      "aria-label": "Progress",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
    },
    this.#fill,
  );

  /** @param prefix put before the texts' test ids. */
  constructor(prefix = "") {
    this.#headline = element("p", { class: "headline", role: "status", "data-testid": `${prefix}headline` });
    this.#detail = element("p", { class: "muted detail", "data-testid": `${prefix}detail` });
    const head = element("div", { class: "progress-head" }, this.#headline, this.#percent);
    this.roots = [head, this.#bar, this.#detail];
  }

  update(text: ProgressText): void {
    const { fraction, headline, detail } = text;
    setText(this.#headline, headline);
    setText(this.#detail, detail);
    this.#bar.toggleAttribute("data-unknown", fraction === undefined);
    this.#fill.style.transform = `scaleX(${(fraction ?? 0).toFixed(4)})`;
    setText(this.#percent, fraction === undefined || fraction === 0 ? "" : formatPercent(fraction));
    if (fraction === undefined) this.#bar.removeAttribute("aria-valuenow");
    else setAttribute(this.#bar, "aria-valuenow", String(Math.round(fraction * 100)));
    this.#bar.dispatchEvent(new CustomEvent<ProgressText>(PROGRESS_SHOWN, { bubbles: true, detail: text }));
  }
}
