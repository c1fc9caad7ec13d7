import { element, setText } from "../parts/dom.js";

/** An entry of the legend. */
export interface LegendEntry {
  /** Unique; the first one is the total. */
  readonly key: string;
  readonly label: string;
  /** Of its line; left out for the total, which has the text's colour. */
  readonly colour?: string;
  readonly value: string;
}

/** One button per line: shows its colour and its present value, and hides or shows the line. */
export class ChartLegend {
  readonly root = element("ul", { class: "chart-legend", "aria-label": "Lines of the chart" });
  readonly #hidden = new Set<string>();
  readonly #entries = new Map<string, { readonly item: HTMLElement; readonly text: HTMLElement }>();
  readonly #onToggle: () => void;

  constructor(onToggle: () => void) {
    this.#onToggle = onToggle;
  }

  isShown(key: string): boolean {
    return !this.#hidden.has(key);
  }

  update(entries: readonly LegendEntry[]): void {
    const keys = new Set(entries.map(({ key }) => key));
    for (const [key, { item }] of this.#entries) {
      if (keys.has(key)) continue;
      item.remove();
      this.#entries.delete(key);
    }
    for (const entry of entries) {
      const { text } = this.#entries.get(entry.key) ?? this.#add(entry);
      setText(text, `${entry.label}: ${entry.value}`);
    }
  }

  #add({ key, colour }: LegendEntry): { readonly item: HTMLElement; readonly text: HTMLElement } {
    const text = element("span");
    const button = element(
      "button",
      { type: "button", class: "small", "aria-pressed": String(this.isShown(key)) },
      element("span", { class: "swatch", "aria-hidden": "true" }),
      text,
    );
    if (colour !== undefined) button.style.setProperty("--worker-colour", colour);
    button.addEventListener("click", () => {
      if (!this.#hidden.delete(key)) this.#hidden.add(key);
      button.setAttribute("aria-pressed", String(this.isShown(key)));
      this.#onToggle();
    });
    const item = element("li", colour === undefined ? { class: "total" } : {}, button);
    const added = { item, text };
    this.#entries.set(key, added);
    this.root.append(item);
    return added;
  }
}
