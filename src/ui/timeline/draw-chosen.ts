import { boxTopPx } from "./lane-layout.js";
import { microBatchOf } from "./micro-batch.js";
import { xOf, type Scene } from "./scene.js";

interface Place {
  readonly x: number;
  readonly width: number;
  readonly top: number;
}

/** A frame around the attempt that the keyboard is on, and around the one under the pointer, each with the way of its micro-batch. */
export function drawChosen(context: CanvasRenderingContext2D, scene: Scene): void {
  const { record, layout, palette, focused, pointed } = scene;
  for (const index of new Set([pointed, focused])) {
    const place = index === undefined ? undefined : placeOf(scene, index);
    if (index === undefined || place === undefined) continue;
    drawWay(context, scene, microBatchOf(record.attempts, index, scene.window));
    context.strokeStyle = index === focused ? palette.accent : palette.text;
    context.lineWidth = index === focused ? 3 : 1.5;
    context.strokeRect(place.x - 1.5, place.top - 2, place.width + 2, layout.boxPx + 4);
  }
}

/** Frames around the stages of a micro-batch, and lines from each to the next. */
function drawWay(context: CanvasRenderingContext2D, scene: Scene, indices: readonly number[]): void {
  const { layout, palette } = scene;
  context.strokeStyle = palette.text;
  context.lineWidth = 1.5;
  let before: Place | undefined;
  for (const index of indices) {
    const place = placeOf(scene, index);
    if (place === undefined) continue;
    context.strokeRect(place.x - 0.5, place.top - 1, place.width, layout.boxPx + 2);
    if (before !== undefined) {
      context.beginPath();
      context.moveTo(before.x + before.width, before.top + layout.boxPx / 2);
      context.lineTo(place.x, place.top + layout.boxPx / 2);
      context.stroke();
    }
    before = place;
  }
}

function placeOf(scene: Scene, index: number): Place | undefined {
  const attempt = scene.record.attempts.at(index);
  const row = attempt === undefined ? -1 : scene.workerIds.indexOf(attempt.workerId);
  if (attempt === undefined || row < 0) return undefined;
  const x = xOf(scene, attempt.beginMs);
  return { x, width: Math.max(3, xOf(scene, attempt.endMs) - x), top: boxTopPx(scene.layout, row) };
}
