import { boxTopPx } from "./lane-layout.js";
import { marksOf, thinned, type Mark } from "./marks.js";
import { xOf, type Scene } from "./scene.js";
import { ticksOf } from "./ticks.js";

/** Marks of one kind are drawn at least this far apart, CSS pixels. */
const MARK_PX = 9;

/** The strip above the lanes: the time, and below it what happened. */
export function drawHead(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette } = scene;
  context.textAlign = "center";
  for (const { atMs, text } of ticksOf(scene.window, scene.zeroMs, layout.timePx)) {
    const x = Math.round(xOf(scene, atMs)) + 0.5;
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, 18);
    context.lineTo(x, layout.heightPx);
    context.globalCompositeOperation = "destination-over";
    context.stroke();
    context.globalCompositeOperation = "source-over";
    const half = context.measureText(text).width / 2;
    const left = layout.leftPx + half + 1;
    const right = layout.leftPx + layout.timePx - half - 1;
    context.fillStyle = palette.muted;
    if (x >= left - half && x <= right + half) context.fillText(text, Math.min(right, Math.max(left, x)), 9);
  }
  for (const mark of shownMarks(scene)) drawMark(context, scene, mark);
}

/** The marks that are drawn, and can be pointed at. */
export function shownMarks({ record, window, layout }: Scene): Mark[] {
  const msPerPx = (window.toMs - window.fromMs) / layout.timePx;
  return thinned(marksOf(record, window), MARK_PX * msPerPx);
}

/** A fault is a triangle with a line through its worker's lane, a recovery a tick, a rebalance a diamond: shapes tell them apart. */
function drawMark(context: CanvasRenderingContext2D, scene: Scene, { kind, atMs, workerId }: Mark): void {
  const { layout, palette, workerIds } = scene;
  const x = xOf(scene, atMs);
  const y = layout.headPx - 10;
  context.beginPath();
  if (kind === "fault") {
    context.fillStyle = palette.fault;
    context.moveTo(x, y - 6);
    context.lineTo(x + 6, y + 5);
    context.lineTo(x - 6, y + 5);
    context.fill();
    const row = workerId === undefined ? -1 : workerIds.indexOf(workerId);
    if (row < 0) return;
    context.fillRect(x - 0.75, boxTopPx(layout, row) - 3, 1.5, layout.boxPx + 6);
    return;
  }
  if (kind === "recovery") {
    context.strokeStyle = palette.text;
    context.lineWidth = 2;
    context.moveTo(x - 5, y);
    context.lineTo(x - 1, y + 4);
    context.lineTo(x + 5, y - 5);
    context.stroke();
    return;
  }
  context.fillStyle = palette.muted;
  context.moveTo(x, y - 5);
  context.lineTo(x + 4, y);
  context.lineTo(x, y + 5);
  context.lineTo(x - 4, y);
  context.fill();
}
