import type { WorkerState } from "../../index.js";
import { boxTopPx } from "./lane-layout.js";
import { absencesOf, pausesOf } from "./marks.js";
import { xOf, type Scene } from "./scene.js";

/** What is written where a worker could not work. */
const WORDS: Readonly<Record<WorkerState, string>> = {
  starting: "starting",
  ready: "",
  busy: "",
  draining: "",
  restarting: "restarting",
  quarantined: "quarantined",
  unloaded: "unloaded",
  dead: "stopped",
};

/** A worker that is away leaves a dotted line through its lane, and a word that says why where it fits. */
export function drawAbsences(context: CanvasRenderingContext2D, scene: Scene): void {
  const { record, layout, palette, workerIds } = scene;
  context.textAlign = "left";
  for (const { workerId, state, fromMs, toMs } of absencesOf(record, scene.window)) {
    const row = workerIds.indexOf(workerId);
    if (row < 0) continue;
    const x = Math.max(layout.leftPx, xOf(scene, fromMs));
    const end = Math.min(layout.leftPx + layout.timePx, xOf(scene, toMs));
    const top = boxTopPx(layout, row);
    const middle = top + layout.boxPx / 2;
    context.strokeStyle = palette.muted;
    context.lineWidth = 1.5;
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(x, middle);
    context.lineTo(end, middle);
    context.stroke();
    context.setLineDash([]);
    const word = WORDS[state];
    const width = context.measureText(word).width + 8;
    if (end - x < width + 6) continue;
    context.fillStyle = palette.surface;
    context.fillRect(x + 4, top + 2, width, layout.boxPx - 4);
    context.fillStyle = palette.muted;
    context.fillText(word, x + 8, middle);
  }
}

/** A pause is a shade through all lanes. */
export function drawPauses(context: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, palette } = scene;
  context.textAlign = "center";
  for (const { fromMs, toMs } of pausesOf(scene.record, scene.window)) {
    const x = Math.max(layout.leftPx, xOf(scene, fromMs));
    const end = Math.min(layout.leftPx + layout.timePx, xOf(scene, Math.min(toMs, scene.nowMs)));
    context.globalAlpha = 0.5;
    context.fillStyle = palette.line;
    context.fillRect(x, layout.headPx, end - x, layout.heightPx - layout.headPx);
    context.globalAlpha = 1;
    if (end - x < 50) continue;
    context.fillStyle = palette.muted;
    context.fillText("paused", (x + end) / 2, (layout.headPx + layout.heightPx) / 2);
  }
}
