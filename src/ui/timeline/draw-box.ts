import type { AttemptKind } from "../../index.js";
import type { AttemptOutcome } from "../record/attempt-log.js";
import { textOn, type Palette } from "./palette.js";

/** How an attempt looks, apart from its colour. */
export interface BoxLook {
  readonly kind: AttemptKind;
  readonly outcome: AttemptOutcome;
}

export interface BoxPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The least width in which a number is legible, CSS pixels, and what each further digit takes. */
const DIGIT_PX = 6.5;
const PADDING_PX = 5;

/**
 * Draw one attempt. What it was is told without colour, too: what completed is filled, a retry is hatched, a backup has dots; what failed is
 * crossed out, what was lost has a dashed outline, what was cancelled is low and dotted.
 * @param label the size of the shard; left out where it does not fit.
 */
export function drawBox(
  context: CanvasRenderingContext2D,
  place: BoxPlace,
  look: BoxLook,
  colour: string,
  palette: Palette,
  label = "",
): void {
  // A hair's breadth between neighbours, so that they can be told apart.
  const width = Math.max(1, place.width - 1);
  const { x, y, height } = place;
  if (look.outcome === "completed") {
    context.fillStyle = colour;
    context.fillRect(x, y, width, height);
    if (look.kind === "retry") hatch(context, x, y, width, height, textOn(colour));
    if (look.kind === "backup") dots(context, x, y, width, height, textOn(colour));
    if (label !== "") drawLabel(context, { x, y, width, height }, label, colour, look.kind !== "first");
    return;
  }
  const isLow = look.outcome === "cancelled";
  const top = isLow ? y + height * 0.65 : y;
  const tall = isLow ? height * 0.35 : height;
  context.fillStyle = palette.surface;
  context.fillRect(x, top, width, tall);
  context.strokeStyle = look.outcome === "cancelled" ? palette.muted : palette.fault;
  context.lineWidth = 1.5;
  context.setLineDash(DASHES[look.outcome]);
  context.strokeRect(x + 0.75, top + 0.75, Math.max(0.5, width - 1.5), tall - 1.5);
  context.setLineDash([]);
  if (look.outcome !== "failed") return;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x + width, top + tall);
  context.moveTo(x + width, top);
  context.lineTo(x, top + tall);
  context.stroke();
}

const DASHES: Readonly<Record<AttemptOutcome, number[]>> = {
  completed: [],
  failed: [],
  lost: [5, 3],
  cancelled: [1.5, 2],
};

function drawLabel(
  context: CanvasRenderingContext2D,
  { x, y, width, height }: BoxPlace,
  label: string,
  colour: string,
  isPatterned: boolean,
): void {
  const needed = label.length * DIGIT_PX + PADDING_PX;
  if (width < needed) return;
  if (isPatterned) {
    // The pattern would make it illegible.
    context.fillStyle = colour;
    context.fillRect(x + (width - needed) / 2, y + 3, needed, height - 6);
  }
  context.fillStyle = textOn(colour);
  context.fillText(label, x + width / 2, y + height / 2);
}

function hatch(context: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, ink: string): void {
  clipped(context, x, y, w, h, () => {
    context.strokeStyle = ink;
    context.lineWidth = 1.25;
    context.beginPath();
    // Aligned to the canvas rather than to the box, so that even a narrow one is crossed by a line.
    for (let at = Math.floor((x - h) / 6) * 6; at < x + w; at += 6) {
      context.moveTo(at, y + h);
      context.lineTo(at + h, y);
    }
    context.stroke();
  });
}

function dots(context: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, ink: string): void {
  clipped(context, x, y, w, h, () => {
    context.fillStyle = ink;
    for (let column = x + 1.5; column < x + w; column += 5) {
      for (let row = y + 3; row < y + h; row += 5) context.fillRect(column, row, 1.75, 1.75);
    }
  });
}

function clipped(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  w: number,
  h: number,
  draw: () => void,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  draw();
  context.restore();
}
