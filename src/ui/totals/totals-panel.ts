import type { ShownSharder, SharderPanel } from "../dashboard/panel.js";
import { pageBeat } from "../parts/beat.js";
import { element, setText } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { RunTotals } from "./run-totals.js";
import type { SpeedResult } from "../speed/speed-result.js";
import { totalFacts } from "./totals-text.js";

/** What the latest run has come to: rate, efficiency, time saved, what was done twice and what went wrong. */
export class TotalsPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #list = element("dl", { class: "totals" });
  readonly #empty = element("p", { class: "muted" }, "Nothing has run yet.");
  readonly #rows = new Map<string, { readonly value: HTMLElement; readonly detail: HTMLElement }>();

  readonly #baseline: () => SpeedResult | undefined;

  /**
   * @param prefix tells the panels of a page apart, in ids and for tests.
   * @param baseline what was measured with items like those of the latest run.
   */
  constructor(prefix: string, baseline: () => SpeedResult | undefined) {
    this.#baseline = baseline;
    const titleId = `${prefix}totals-title`;
    this.root = element(
      "section",
      { class: "panel", "aria-labelledby": titleId, "data-testid": `${prefix}totals` },
      element("h2", { id: titleId }, "Totals of this run"),
      this.#empty,
      this.#list,
      explanation("totals"),
    );
  }

  attach(shown: ShownSharder): void {
    const totals = new RunTotals(shown.sharder, shown.record);
    this.#list.replaceChildren();
    this.#rows.clear();
    this.#empty.hidden = false;
    let isVisible = false;
    const seen = new IntersectionObserver((entries) => {
      isVisible = entries.at(-1)?.isIntersecting === true;
      if (isVisible) this.#update(shown, totals);
    });
    seen.observe(this.root);
    pageBeat.follow(() => isVisible && this.#update(shown, totals), shown.signal);
    shown.signal.addEventListener("abort", () => seen.disconnect(), { once: true });
  }

  #update({ sharder, one }: ShownSharder, totals: RunTotals): void {
    const read = totals.read(performance.now());
    this.#empty.hidden = read !== undefined;
    if (read === undefined) return;
    const alone = this.#baseline()?.one?.rates.median;
    for (const { name, value, detail } of totalFacts(read, one, alone, sharder.verification)) {
      const row = this.#rows.get(name) ?? this.#add(name);
      setText(row.value, value);
      setText(row.detail, detail);
    }
  }

  #add(name: string): { readonly value: HTMLElement; readonly detail: HTMLElement } {
    const row = { value: element("strong"), detail: element("span", { class: "muted" }) };
    this.#rows.set(name, row);
    this.#list.append(element("div", {}, element("dt", {}, name), element("dd", {}, row.value, row.detail)));
    return row;
  }
}
