import { formatBytes, formatCount, formatDuration, formatNumber, formatPercent } from "../parts/format.js";
import { speedFigures, speedNote, speedRows } from "../speed/speed-text.js";
import { html, type Markup } from "./markup.js";
import { speedPlot, throughputPlot, timelinePlot } from "./report-plots.js";
import type { Report } from "./report.js";

/** What is too wide for a phone scrolls by itself, rather than becoming too small to read or breaking words. */
const STYLE = html`body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
color: #1b1f24; background: #fff; } h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { margin-top: 2rem; font-size:
1.125rem; } .figures { display: flex; flex-wrap: wrap; gap: 0 2.5rem; font-size: 1.25rem; } .figures strong { font-size:
2rem; } .wide { overflow-x: auto; } table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums;
} th, td { padding: 0.35rem 0.5rem; border-top: 1px solid #d5dae1; text-align: left; vertical-align: top; }
th[scope="row"] { width: min(14rem, 40vw); } .facts td { overflow-wrap: anywhere; } figure { margin: 1rem 0; }
figcaption { color: #57606a; } svg { display: block; width: 100%; min-width: 40rem; font: 13px system-ui, sans-serif;
fill: #1b1f24; } svg path { fill: none; stroke: #1b1f24; } svg .lane { stroke: #d5dae1; } svg .rate { stroke: #1f5fbf;
stroke-width: 2; } svg rect { stroke-width: 1; } @media print { svg { min-width: 0; } }`;

/** The report as a page that needs neither a script nor a network. Everything that comes from elsewhere is escaped. */
export function reportHtml(report: Report): string {
  const { model, createdAt, speed, job, faults } = report;
  const title = `Benchmark of ${model.name}`;
  const plotted = job && latestOf(job);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        <p>Made by Inference sharder on ${inWords(createdAt)}.</p>
        ${speedPart(speed)}
        ${
          job === null || plotted === null
            ? html`<p>No job was run.</p>`
            : html`<h2>The job</h2>
                <p>
                  ${job.itemCount} items in ${formatDuration(job.durationMs)}: ${formatNumber(job.itemsPerSecond)}
                  items/s.
                  ${
                    plotted === job
                      ? ""
                      : `The plots show the last ${formatCount(job.attempts.length, "attempt")} of ${job.attemptCount}.`
                  }
                </p>
                ${timelinePlot(plotted)} ${throughputPlot(plotted)}`
        }
        <h2>Workers</h2>
        ${workersTable(report)}
        <h2>Machine</h2>
        ${listOf(machineFacts(report))}
        <h2>Model and settings</h2>
        ${listOf(modelFacts(report))}
        <h2>Faults</h2>
        ${
          faults.length === 0
            ? html`<p>None.</p>`
            : tableOf(
                ["Worker", "What", "Done about it", "Message"],
                faults.map(({ workerId, cause, action, message }) => [workerId ?? "", cause, action, message]),
              )
        }
      </body>
    </html> `;
  return page.text;
}

type Job = NonNullable<Report["job"]>;

/** What the plots can show: of a long job, the time in which the attempts ended that the report still has. */
function latestOf(job: Job): Job {
  if (job.attempts.length === job.attemptCount) return job;
  const fromMs = job.attempts.reduce((least, { startMs }) => Math.min(least, startMs), job.durationMs);
  const attempts = job.attempts.map((attempt) => ({
    ...attempt,
    startMs: attempt.startMs - fromMs,
    endMs: attempt.endMs - fromMs,
  }));
  return { ...job, durationMs: job.durationMs - fromMs, attempts };
}

function inWords(createdAt: string): string {
  const time = new Date(createdAt).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });
  return `${time} UTC`;
}

function speedPart(speed: Report["speed"]): Markup {
  if (speed === null) return html`<p>It was not compared with plain TF.js.</p>`;
  const figures = speedFigures(speed).map(([ratio, than]) => html`<span><strong>${ratio}</strong> ${than}</span>`);
  return html`<p class="figures">${figures}</p>
    <p>${speedNote(speed, speed.workers)} The same ${speed.itemCount} items ran on each in turn.</p>
    ${speedPlot(speed)} ${tableOf(["", "On", "Items/s", "Lowest to highest", "Runs"], speedRows(speed))}`;
}

function workersTable({ workers, job }: Report): Markup {
  const durationMs = job?.durationMs ?? 0;
  const rows = workers.map(({ id, backend, device, state, restarts, shardCount, itemCount, busyMs }) => [
    id,
    device === "" ? backend : `${backend} · ${device}`,
    state,
    String(itemCount),
    String(shardCount),
    durationMs > 0 ? formatPercent(Math.min(1, busyMs / durationMs)) : "–",
    String(restarts),
  ]);
  return tableOf(["Worker", "On", "State", "Items", "Shards", "Busy", "Restarts"], rows);
}

function machineFacts({ machine: { coreCount, memoryGb, browser, isIsolated } }: Report): [string, string][] {
  return [
    ["Cores", String(coreCount)],
    ...(memoryGb === undefined ? [] : [["Memory, as the browser rounds it", `${memoryGb} GB`] as [string, string]]),
    ["Browser", browser],
    ["Cross-origin isolated", isIsolated ? "yes" : "no"],
  ];
}

function modelFacts({ model, split, settings }: Report): [string, string][] {
  const { policy, quantumMs, verify, onItemError, tileSize } = settings;
  return [
    ["Model", `${model.name}, ${model.format}`],
    ["Weights", formatBytes(model.weightBytes)],
    ["Layers", String(model.layerCount)],
    ["Inputs", model.inputs.map(({ name, shape }) => `${name} [${shape?.join(", ") ?? "?"}]`).join("; ")],
    ["Split by", split],
    ["Policy", policy],
    ["Quantum", `${quantumMs} ms`],
    [
      "Checked by another worker",
      verify === false ? "nothing" : verify === 0 ? "GPUs, now and then" : formatPercent(verify),
    ],
    ["Items that fail everywhere", onItemError === "throw" ? "end the job" : "are left out"],
    ...(tileSize === undefined ? [] : [["Side of a tile", `${tileSize} pixels`] as [string, string]]),
  ];
}

function listOf(facts: readonly (readonly [string, string])[]): Markup {
  return html`<table class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${value}</td>
        </tr>`,
    )}
  </table>`;
}

function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
