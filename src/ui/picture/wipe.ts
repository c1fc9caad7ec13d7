import { element, setAttribute } from "../parts/dom.js";
import { formatPercent } from "../parts/format.js";

/** The slider over the picture: left of it is the original, right of it the result. */
export class Wipe {
  readonly root: HTMLElement;
  readonly #slider = element("input", {
    type: "range",
    id: "wipe",
    min: "0",
    max: "100",
    step: "1",
    value: "0",
    "aria-label": "Before and after: how much of the original is shown",
    "data-testid": "wipe",
  });
  readonly #onMove: (part: number) => void;
  #isTouched = false;

  /** @param onMove gets the part of the picture, from the left, that shows the original: 0…1. */
  constructor(onMove: (part: number) => void) {
    this.#onMove = onMove;
    this.#slider.addEventListener("input", () => {
      this.#isTouched = true;
      this.#move();
    });
    const name = (side: string, text: string): HTMLElement =>
      element("span", { class: `wipe-name ${side}-name` }, text);
    const handle = element("div", { class: "wipe-handle", "aria-hidden": "true" });
    this.#listenForDrags(handle);
    this.root = element(
      "div",
      { class: "wipe" },
      element("div", { class: "wipe-line", "aria-hidden": "true" }),
      name("before", "Original"),
      name("after", "Enlarged"),
      this.#slider,
      handle,
    );
    setAttribute(this.#slider, "aria-valuetext", valueText(0));
  }

  /** Show this much of the original, unless the user has moved the slider. */
  suggest(part: number): void {
    if (this.#isTouched) return;
    this.#slider.valueAsNumber = 100 * part;
    this.#move();
  }

  /** The slider itself takes keys and assistive technology; a pointer takes the handle, so that the rest of the picture can be moved. */
  #listenForDrags(handle: HTMLElement): void {
    const drag = ({ pointerId, clientX }: PointerEvent): void => {
      if (!handle.hasPointerCapture(pointerId)) return;
      const { left, width } = this.root.getBoundingClientRect();
      this.#isTouched = true;
      this.#slider.valueAsNumber = (100 * (clientX - left)) / width;
      this.#move();
    };
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      // Otherwise the press would begin a selection of text.
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      this.#slider.focus({ preventScroll: true });
    });
    handle.addEventListener("pointermove", drag);
  }

  #move(): void {
    const part = this.#slider.valueAsNumber / 100;
    setAttribute(this.#slider, "aria-valuetext", valueText(part));
    this.#onMove(part);
  }
}

function valueText(part: number): string {
  return `${formatPercent(part)} original`;
}
