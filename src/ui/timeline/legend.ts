import { element } from "../parts/dom.js";
import { drawBox, type BoxLook } from "./draw-box.js";
import type { Palette } from "./palette.js";

const ENTRIES: readonly { readonly text: string; readonly look: BoxLook }[] = [
  { text: "completed", look: { kind: "first", outcome: "completed" } },
  { text: "retry", look: { kind: "retry", outcome: "completed" } },
  { text: "backup", look: { kind: "backup", outcome: "completed" } },
  { text: "failed", look: { kind: "first", outcome: "failed" } },
  { text: "lost", look: { kind: "first", outcome: "lost" } },
  { text: "cancelled", look: { kind: "first", outcome: "cancelled" } },
];

const WIDTH_PX = 26;
const HEIGHT_PX = 14;

/** What the boxes' patterns mean, drawn as the boxes are. */
export class Legend {
  readonly #canvases = ENTRIES.map(() => element("canvas", { width: "52", height: "28", "aria-hidden": "true" }));
  readonly root = element(
    "ul",
    { class: "timeline-legend", "aria-label": "What the boxes mean" },
    ...ENTRIES.map(({ text }, index) => element("li", {}, this.#canvases[index]!, text)),
    ...(
      [
        ["▲", "fault"],
        ["✓", "recovered"],
        ["◆", "shares moved"],
        ["┈", "worker away"],
      ] as const
    ).map(([sign, text]) => element("li", {}, element("span", { "aria-hidden": "true" }, sign), text)),
  );

  draw(palette: Palette): void {
    ENTRIES.forEach(({ look }, index) => {
      const context = this.#canvases[index]!.getContext("2d");
      if (context === null) return;
      context.setTransform(2, 0, 0, 2, 0, 0);
      context.clearRect(0, 0, WIDTH_PX, HEIGHT_PX);
      drawBox(context, { x: 0, y: 0, width: WIDTH_PX, height: HEIGHT_PX }, look, SAMPLE_COLOUR, palette);
    });
  }
}

/** Legible in both themes (tests/unit/ui/workers/colours.test.ts). */
const SAMPLE_COLOUR = "#3b7dd8";
