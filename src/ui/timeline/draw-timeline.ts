import { layOutBoxes } from "./boxes.js";
import { drawBox } from "./draw-box.js";
import { drawAbsences, drawPauses } from "./draw-absences.js";
import { drawChosen } from "./draw-chosen.js";
import { drawHead } from "./draw-head.js";
import { boxTopPx } from "./lane-layout.js";
import { xOf, type Scene } from "./scene.js";

/** In narrower boxes no label fits, CSS pixels. */
const MIN_LABEL_PX = 11;
/** So far boxes reach out of view, so that their outlines are out of it. */
const BORDER_PX = 3;

/** A stage's number and the size of the shard: "2·8"; without a split by layers, the size alone. */
function labelOf({ stage, itemCount }: { readonly stage?: number | undefined; readonly itemCount: number }): string {
  return stage === undefined ? String(itemCount) : `${stage + 1}·${itemCount}`;
}

/** Draw everything. @returns how many boxes were drawn, single ones and those put together. */
export function drawTimeline(context: CanvasRenderingContext2D, scene: Scene): number {
  const { layout, palette } = scene;
  context.clearRect(0, 0, layout.widthPx, layout.heightPx);
  context.font = `12px ${palette.font}`;
  context.textBaseline = "middle";
  drawNames(context, scene);
  context.save();
  context.beginPath();
  context.rect(layout.leftPx, 0, layout.timePx, layout.heightPx);
  context.clip();
  drawPauses(context, scene);
  drawAbsences(context, scene);
  const boxCount = drawAttempts(context, scene);
  drawUnderWay(context, scene);
  drawChosen(context, scene);
  drawHead(context, scene);
  context.restore();
  return boxCount;
}

function drawNames(context: CanvasRenderingContext2D, { layout, palette, workerIds, colourOf }: Scene): void {
  context.textAlign = "left";
  workerIds.forEach((id, row) => {
    const top = boxTopPx(layout, row);
    const y = layout.namePx > 0 ? top - layout.namePx / 2 : top + layout.boxPx / 2;
    context.fillStyle = colourOf(id);
    context.fillRect(2, y - 5, 10, 10);
    context.fillStyle = palette.text;
    context.fillText(id, 18, y, Math.max(40, (layout.leftPx || layout.widthPx) - 24));
    context.fillStyle = palette.line;
    context.fillRect(layout.leftPx, top + layout.boxPx + 1, layout.timePx, 1);
  });
}

function drawAttempts(context: CanvasRenderingContext2D, scene: Scene): number {
  const { record, layout, palette, workerIds, colourOf } = scene;
  const { attempts } = record;
  const rows = attempts.workerIds.map((id) => workerIds.indexOf(id));
  const colours = attempts.workerIds.map(colourOf);
  const height = layout.boxPx;
  const label = (index: number): string =>
    labelOf({ stage: attempts.stageOf(index), itemCount: attempts.itemCountOf(index) });
  let count = 0;
  context.textAlign = "center";
  layOutBoxes(attempts, scene.window, layout.timePx, {
    box: (index, lane, x, width) => {
      const row = rows[lane]!;
      if (row < 0) return;
      count++;
      const look = { kind: attempts.kindOf(index), outcome: attempts.outcomeOf(index) };
      // Cut to what is on view, so that the label is in the middle of it.
      const from = Math.max(x, -BORDER_PX);
      const to = Math.min(x + width, layout.timePx + BORDER_PX);
      const place = { x: layout.leftPx + from, y: boxTopPx(layout, row), width: to - from, height };
      drawBox(context, place, look, colours[lane]!, palette, width > MIN_LABEL_PX ? label(index) : "");
    },
    run: (lane, x, width, _, coverage, trouble) => {
      const row = rows[lane]!;
      if (row < 0) return;
      count++;
      const top = boxTopPx(layout, row);
      context.globalAlpha = 0.25 + 0.75 * coverage;
      context.fillStyle = colours[lane]!;
      context.fillRect(layout.leftPx + x, top, Math.max(1, width), height);
      context.globalAlpha = 1;
      if (trouble === 0) return;
      context.fillStyle = palette.fault;
      context.fillRect(layout.leftPx + x, top + height - 4, Math.max(1.5, width), 4);
    },
  });
  return count;
}

/** What the workers are on now, as an outline that is open at its end: how long it takes is not known yet. */
function drawUnderWay(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette, workerIds, underWay, colourOf, nowMs } = scene;
  context.lineWidth = 1.5;
  context.textAlign = "center";
  workerIds.forEach((id, row) => {
    const work = underWay.get(id);
    if (work === undefined) return;
    const x = Math.max(layout.leftPx - BORDER_PX, xOf(scene, work.beginMs));
    const end = Math.min(layout.leftPx + layout.timePx + BORDER_PX, xOf(scene, nowMs));
    if (end < x) return;
    const top = boxTopPx(layout, row) + 0.75;
    const bottom = top + layout.boxPx - 1.5;
    context.strokeStyle = colourOf(id);
    context.beginPath();
    context.moveTo(end, top);
    context.lineTo(x + 0.75, top);
    context.lineTo(x + 0.75, bottom);
    context.lineTo(end, bottom);
    context.stroke();
    const label = `${labelOf(work)} …`;
    context.fillStyle = palette.text;
    if (end - x > context.measureText(label).width + 8) context.fillText(label, (x + end) / 2, (top + bottom) / 2);
  });
}
