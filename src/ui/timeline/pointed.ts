import type { ItemWord } from "../dashboard/panel.js";
import { formatCount } from "../parts/format.js";
import { shownMarks } from "./draw-head.js";
import { attemptAt, countBetween } from "./hit.js";
import { rowAt } from "./lane-layout.js";
import { timeAt, xOf, type Scene } from "./scene.js";
import { describeAttempt, describeMark, describeUnderWay } from "./words.js";

/** How near the pointer has to be to an attempt, and to a mark, CSS pixels. */
const ATTEMPT_PX = 4;
const MARK_PX = 8;
/** So many attempts under the pointer are said to be more than one. */
const MANY = 3;

export interface CanvasPoint {
  /** CSS pixels from the upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface Pointed {
  /** Of an attempt, in the log; `undefined` for a mark, and for what a worker is on. */
  readonly index: number | undefined;
  /** What it is, in sentences. */
  readonly text: string;
}

/** What is drawn at a point; `undefined` if there is nothing. */
export function pointedAt(scene: Scene, at: CanvasPoint, one: ItemWord): Pointed | undefined {
  const { record, layout, workerIds, window } = scene;
  const { attempts } = record;
  if (at.x < layout.leftPx) return undefined;
  const row = rowAt(layout, at.y);
  if (row === -1) {
    const mark = shownMarks(scene).find(({ atMs }) => Math.abs(xOf(scene, atMs) - at.x) <= MARK_PX);
    return mark && { index: undefined, text: describeMark(mark, record, one) };
  }
  const workerId = row === undefined ? undefined : workerIds[row];
  if (workerId === undefined) return undefined;
  const atMs = timeAt(scene, at.x);
  const work = scene.underWay.get(workerId);
  if (work !== undefined && atMs >= work.beginMs && atMs <= scene.nowMs) {
    return { index: undefined, text: describeUnderWay(workerId, work, scene.nowMs, one) };
  }
  const lane = attempts.workerIds.indexOf(workerId);
  if (lane < 0) return undefined;
  const slackMs = (ATTEMPT_PX * (window.toMs - window.fromMs)) / layout.timePx;
  const index = attemptAt(attempts, lane, atMs, slackMs);
  const attempt = index === undefined ? undefined : attempts.at(index);
  if (attempt === undefined) return undefined;
  const count = countBetween(attempts, lane, atMs - slackMs / 2, atMs + slackMs / 2);
  const more = count > MANY ? ` ${formatCount(count - 1, "other")} at this point: zoom in to tell them apart.` : "";
  return { index, text: describeAttempt(attempt, one) + more };
}
