import { element } from "./dom.js";

export interface TabSpec {
  readonly id: string;
  readonly title: string;
}

/**
 * Shows one of several panels; the others keep running. Keys work as the ARIA Authoring Practices recommend: Tab
 * reaches only the selected tab; the arrow keys, Home and End select another tab and show its panel.
 */
export class Tabs {
  readonly list = element("div", { class: "tabs", role: "tablist", "aria-label": "What to run" });
  /** In the order of the tabs. Their owners fill them. */
  readonly panels: readonly HTMLElement[];
  readonly #tabs: readonly HTMLButtonElement[];
  readonly #onShow: (index: number) => void;
  #shown = 0;

  /** @param onShow called when another panel is shown. */
  constructor(specs: readonly TabSpec[], onShow: (index: number) => void = () => {}) {
    this.#onShow = onShow;
    this.#tabs = specs.map(({ id, title }) =>
      element(
        "button",
        { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, "data-testid": `tab-${id}` },
        title,
      ),
    );
    this.panels = specs.map(({ id }) =>
      element("div", {
        class: "columns",
        role: "tabpanel",
        id: `panel-${id}`,
        "aria-labelledby": `tab-${id}`,
        "data-testid": `panel-${id}`,
      }),
    );
    this.#tabs.forEach((tab, index) => tab.addEventListener("click", () => this.show(index)));
    this.list.append(...this.#tabs);
    this.list.addEventListener("keydown", (event) => this.#keyDown(event));
    this.show(0);
  }

  show(index: number): void {
    this.#tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === index));
      tab.tabIndex = each === index ? 0 : -1;
      this.panels[each]!.hidden = each !== index;
    });
    if (index === this.#shown) return;
    this.#shown = index;
    this.#onShow(index);
  }

  #keyDown(event: KeyboardEvent): void {
    const count = this.#tabs.length;
    const shown = this.panels.findIndex(({ hidden }) => !hidden);
    const next = { ArrowRight: shown + 1, ArrowLeft: shown - 1 + count, Home: 0, End: count - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.show(next % count);
    this.#tabs[next % count]!.focus();
  }
}
