import { formatDuration, formatNumber } from "../parts/format.js";
import { WORKER_COLOURS } from "../workers/colours.js";
import type { SpeedResult } from "../speed/speed-result.js";
import { html, type Markup } from "./markup.js";
import type { Report } from "./report.js";

/** User units of the plots, which scale with the page. */
const WIDTH = 960;
const LABEL = 120;
const LANE = 26;
const BAR = 30;
const RATE_HEIGHT = 180;
const AXIS_HEIGHT = 14;
const RATE_STEPS = 40;

/** Bars of items per second, with the lowest and the highest run as whiskers. */
export function speedPlot({ all, one, plain }: SpeedResult): Markup {
  const subjects = [
    ["All workers", all, WORKER_COLOURS[0]],
    ["One worker", one, WORKER_COLOURS[1]],
    ["Plain TF.js", plain, WORKER_COLOURS[2]],
  ] as const;
  const shown = subjects.flatMap(([title, subject, colour]) =>
    subject === undefined ? [] : [{ title, subject, colour }],
  );
  const most = Math.max(...shown.map(({ subject }) => subject.rates.max));
  const x = (rate: number): number => LABEL + (rate / most) * (WIDTH - LABEL - 110);
  const bars = shown.map(({ title, subject: { rates }, colour }, index) => {
    const y = index * BAR;
    const middle = y + BAR / 2;
    return html`<text x="0" y="${middle + 5}">${title}</text>
      <rect x="${LABEL}" y="${y + 5}" width="${x(rates.median) - LABEL}" height="${BAR - 10}" fill="${colour}" />
      <path
        d="M${x(rates.min)} ${middle}H${x(rates.max)}M${x(rates.min)} ${middle - 5}v10M${x(rates.max)} ${middle - 5}v10"
      />
      <text x="${x(rates.max) + 8}" y="${middle + 5}">${formatNumber(rates.median)} items/s</text>`;
  });
  return figure("Items per second; the lines reach from the slowest run to the fastest", shown.length * BAR, bars);
}

/** Each worker's attempts over time. */
export function timelinePlot({ attempts, durationMs }: NonNullable<Report["job"]>): Markup {
  const workerIds = [...new Set(attempts.map(({ workerId }) => workerId))];
  const x = (ms: number): number => LABEL + (Math.max(0, ms) / durationMs) * (WIDTH - LABEL);
  const lanes = workerIds.map(
    (id, lane) =>
      html`<text x="0" y="${lane * LANE + LANE / 2 + 5}">${id}</text>
        <path class="lane" d="M${LABEL} ${(lane + 1) * LANE}H${WIDTH}" />`,
  );
  const boxes = attempts.map(({ workerId, firstItem, itemCount, outcome, startMs, endMs, stage }) => {
    const lane = workerIds.indexOf(workerId);
    const colour = WORKER_COLOURS[lane % WORKER_COLOURS.length]!;
    const width = Math.max(0.5, x(endMs) - x(startMs));
    // Attempts that follow each other are told apart, where there is room.
    const edge = outcome === "completed" && width > 3 ? "#fff" : colour;
    const items = itemCount === 1 ? `item ${firstItem}` : `items ${firstItem}–${firstItem + itemCount - 1}`;
    const where = stage === undefined ? "" : `, stage ${stage + 1}`;
    const how = outcome === "completed" ? "" : `, ${outcome}`;
    const title = `${workerId}: ${items}${where}, ${formatNumber((endMs - startMs) / 1e3)} s${how}`;
    const isDone = outcome === "completed";
    return html`<rect
      x="${x(startMs)}"
      y="${lane * LANE + 4}"
      width="${width}"
      height="${LANE - 8}"
      fill="${isDone ? colour : "none"}"
      stroke="${edge}"
      ><title>${title}</title></rect
    >`;
  });
  return figure(
    `What each worker was on over ${formatNumber(durationMs / 1e3)} s; outlines failed, were lost or were cancelled`,
    workerIds.length * LANE,
    [...lanes, ...boxes],
  );
}

/** Items per second of all workers together over time, counted at the ends of shards and spread over their lengths. */
export function throughputPlot({ attempts, durationMs }: NonNullable<Report["job"]>): Markup {
  const lastStage = attempts.reduce((most, { stage = 0 }) => Math.max(most, stage), 0);
  const stepMs = durationMs / RATE_STEPS;
  const counts = Array.from({ length: RATE_STEPS }, () => 0);
  for (const { stage = 0, outcome, itemCount, startMs, endMs } of attempts) {
    if (outcome !== "completed" || stage !== lastStage) continue;
    const lengthMs = Math.max(1e-3, endMs - startMs);
    for (let step = 0; step < RATE_STEPS; step++) {
      const overlapMs = Math.min(endMs, (step + 1) * stepMs) - Math.max(startMs, step * stepMs);
      if (overlapMs > 0) counts[step]! += (itemCount * overlapMs) / lengthMs;
    }
  }
  const rates = counts.map((count) => count / (stepMs / 1e3));
  const most = Math.max(...rates, 1e-9);
  const x = (step: number): number => LABEL + ((step + 0.5) / RATE_STEPS) * (WIDTH - LABEL);
  const y = (rate: number): number => RATE_HEIGHT - 10 - (rate / most) * (RATE_HEIGHT - 30);
  const line = rates
    .map((rate, step) => `${step === 0 ? "M" : "L"}${x(step).toFixed(1)} ${y(rate).toFixed(1)}`)
    .join("");
  return figure("Items per second over the same time", RATE_HEIGHT + AXIS_HEIGHT, [
    html`<text x="0" y="${y(most) + 5}">${formatNumber(most)}/s</text><text x="0" y="${y(0) + 5}">0</text>
      <path class="lane" d="M${LABEL} ${y(0)}H${WIDTH}M${LABEL} ${y(most)}H${WIDTH}" />
      <path class="rate" d="${line}" />
      <text x="${LABEL}" y="${RATE_HEIGHT + 10}">0 s</text>
      <text x="${WIDTH}" y="${RATE_HEIGHT + 10}" text-anchor="end">${formatDuration(durationMs)}</text>`,
  ]);
}

function figure(title: string, height: number, parts: readonly Markup[]): Markup {
  return html`<figure class="wide">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">${parts}</svg>
  </figure>`;
}
