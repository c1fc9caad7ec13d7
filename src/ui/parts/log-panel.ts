import { element } from "./dom.js";

/** Older lines are removed. */
const MAX_LINES = 200;

/** The events, newest first. */
export class LogPanel {
  readonly root: HTMLElement;
  readonly #lines: HTMLElement;

  /** @param prefix tells the panels of a page apart, in ids and for tests. */
  constructor(prefix = "") {
    const titleId = `${prefix}log-title`;
    this.#lines = element("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-labelledby": titleId,
      // It scrolls, so it must be reachable by keyboard.
      tabindex: "0",
      "data-testid": `${prefix}log`,
    });
    const title = element("h2", { id: titleId }, "Events");
    this.root = element("section", { class: "panel" }, title, this.#lines);
  }

  add(text: string, kind: "plain" | "fault" = "plain"): void {
    const time = element("time", {}, new Date().toLocaleTimeString(undefined, { hour12: false }));
    this.#lines.prepend(element("p", { class: kind }, time, " ", text));
    while (this.#lines.childElementCount > MAX_LINES) this.#lines.lastElementChild!.remove();
  }
}
