import { element, setText } from "../parts/dom.js";
import type { CanvasPoint, Pointed } from "./pointed.js";
import { xOf, type Scene } from "./scene.js";

/** Distance to what it is about, CSS pixels. */
const OFFSET_PX = 18;

/** The details of one attempt or mark, beside it. Screen readers get them from the canvas instead. */
export class TimelineTip {
  readonly root = element("div", { class: "timeline-tip", "aria-hidden": "true", hidden: "" });

  hide(): void {
    this.root.hidden = true;
  }

  /** Beside the pointer. */
  showAt({ x, y }: CanvasPoint, { text }: Pointed, scene: Scene): void {
    this.#show(text, x, y, OFFSET_PX, scene);
  }

  /** For an attempt that the keyboard is on: below all lanes, so that none is hidden. */
  showBelow(index: number, text: string, scene: Scene): void {
    const attempt = scene.record.attempts.at(index);
    if (attempt === undefined) {
      this.hide();
      return;
    }
    const x = xOf(scene, (attempt.beginMs + attempt.endMs) / 2);
    const { layout } = scene;
    this.#show(text, x, layout.heightPx - OFFSET_PX, OFFSET_PX, scene);
  }

  #show(text: string, x: number, y: number, offsetPx: number, { layout }: Scene): void {
    setText(this.root, text);
    this.root.hidden = false;
    const { offsetWidth, offsetHeight } = this.root;
    const left = Math.max(0, Math.min(layout.widthPx - offsetWidth, x - offsetWidth / 2));
    // Below, where it hides the names of no other marks, unless it would reach far out of the canvas.
    const isBelow = y + offsetPx + offsetHeight <= layout.heightPx + offsetHeight;
    const top = isBelow ? y + offsetPx : y - offsetPx - offsetHeight;
    this.root.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(top)}px)`);
  }
}
