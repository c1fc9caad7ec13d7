import { element } from "./dom.js";

/** Older lines are removed. */
const MAX_LINES = 200;

/** The events, newest first. */
export class LogPanel {
  readonly root: HTMLElement;
  readonly #lines = element("div", {
    class: "log",
    role: "log",
    "aria-live": "polite",
    "aria-labelledby": "log-title",
    // It scrolls, so it must be reachable by keyboard.
    tabindex: "0",
    "data-testid": "log",
  });

  constructor() {
    const title = element("h2", { id: "log-title" }, "Events");
    this.root = element("section", { class: "panel" }, title, this.#lines);
  }

  add(text: string, kind: "plain" | "fault" = "plain"): void {
    const time = element("time", {}, new Date().toLocaleTimeString(undefined, { hour12: false }));
    this.#lines.prepend(element("p", { class: kind }, time, " ", text));
    while (this.#lines.childElementCount > MAX_LINES) this.#lines.lastElementChild!.remove();
  }
}
