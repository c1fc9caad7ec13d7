import { element, setAttribute } from "../parts/dom.js";
import type { AxisMode } from "./time-axis.js";

export interface TimelineCommands {
  /** @param factor above 1 shows more detail. */
  zoom(factor: number): void;
  showWhole(): void;
  follow(): void;
}

const BUTTON_ZOOM = 1.6;

/** The buttons above the lanes. */
export class TimelineTools {
  readonly root: HTMLElement;
  readonly #whole: HTMLButtonElement;
  readonly #follow: HTMLButtonElement;

  constructor(commands: TimelineCommands) {
    this.#whole = button("Whole run", "timeline-whole", () => commands.showWhole());
    this.#follow = button("Follow", "timeline-follow", () => commands.follow());
    const out = button("−", "timeline-out", () => commands.zoom(1 / BUTTON_ZOOM));
    const into = button("+", "timeline-in", () => commands.zoom(BUTTON_ZOOM));
    out.setAttribute("aria-label", "Zoom out");
    into.setAttribute("aria-label", "Zoom in");
    this.root = element(
      "div",
      { class: "timeline-tools", role: "group", "aria-label": "What the timeline shows" },
      out,
      into,
      this.#whole,
      this.#follow,
    );
  }

  show(mode: AxisMode): void {
    setAttribute(this.#whole, "aria-pressed", String(mode === "whole"));
    setAttribute(this.#follow, "aria-pressed", String(mode === "following"));
  }
}

function button(text: string, testId: string, act: () => void): HTMLButtonElement {
  const created = element("button", { type: "button", class: "small", "data-testid": testId }, text);
  created.addEventListener("click", act);
  return created;
}
