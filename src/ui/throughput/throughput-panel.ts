import type { ShownSharder, SharderPanel } from "../dashboard/panel.js";
import { pageBeat } from "../parts/beat.js";
import { element, setAttribute, setText } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { formatRate } from "../parts/format.js";
import { ChartLegend, type LegendEntry } from "./chart-legend.js";
import { chartMoment, presentRates, summarise, unitOf } from "./chart-text.js";
import { marksOf, type Mark } from "./marks.js";
import { RecordedThroughput } from "./read-record.js";
import { formatClock, ThroughputChart } from "./throughput-chart.js";
import type { ThroughputTable } from "./throughput-series.js";

const RECENT_MS = 300_000;
/** As many marks as are listed in words: the newest. */
const MAX_LISTED_MARKS = 50;
/** A mark is under the pointer within this part of the chart's width. */
const NEAR = 0.01;

/** What the chart shows at present; times begin with the record, ms. */
interface Drawn {
  readonly table: ThroughputTable;
  readonly marks: readonly Mark[];
  readonly zeroMs: number;
  readonly spanMs: number;
}

/** Items per second over time, of each worker and in total, with what happened meanwhile. */
export class ThroughputPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #summary: HTMLElement;
  readonly #target = element("div", { class: "chart", role: "img", "aria-label": "No job has run yet." });
  readonly #readout = element("p", { class: "muted chart-readout" });
  readonly #marksList = element("ul");
  readonly #marksDetails: HTMLDetailsElement;
  readonly #legend = new ChartLegend(() => this.#draw());
  readonly #range: HTMLSelectElement;
  #shown: ShownSharder | undefined;
  #recorded: RecordedThroughput | undefined;
  #chart: ThroughputChart | undefined;
  #drawn: Drawn | undefined;
  #isLoading = false;
  #isVisible = false;
  #isDirty = false;

  /** @param prefix tells the panels of a page apart, in ids and for tests. */
  constructor(prefix: string) {
    const titleId = `${prefix}throughput-title`;
    const rangeId = `${prefix}throughput-range`;
    this.#summary = element("p", { class: "muted", "data-testid": `${prefix}throughput-summary` });
    this.#range = element(
      "select",
      { id: rangeId, class: "small" },
      element("option", { value: "job" }, "whole job"),
      element("option", { value: "recent" }, "last 5 minutes"),
    );
    this.#range.addEventListener("change", () => this.#draw());
    this.#marksDetails = element("details", {}, element("summary", {}, "What happened, as a list"), this.#marksList);
    this.#marksDetails.addEventListener("toggle", () => this.#listMarks());
    const title = element("h2", { id: titleId }, "Throughput over time");
    const label = element("label", { class: "muted", for: rangeId }, "Show ", this.#range);
    this.root = element(
      "section",
      { class: "panel throughput", "aria-labelledby": titleId, "data-testid": `${prefix}throughput` },
      element("div", { class: "throughput-head" }, title, label),
      this.#summary,
      this.#legend.root,
      this.#target,
      this.#readout,
      this.#marksDetails,
      explanation("throughput"),
    );
  }

  attach(shown: ShownSharder): void {
    this.#shown = shown;
    this.#recorded = new RecordedThroughput(shown.sharder, shown.record);
    this.#isDirty = true;
    setText(this.#summary, "Nothing has been measured yet.");
    const seen = new IntersectionObserver((entries) => {
      this.#isVisible = entries.at(-1)?.isIntersecting === true;
      this.#isDirty = true;
    });
    const sized = new ResizeObserver(() => this.#chart?.resize());
    seen.observe(this.root);
    sized.observe(this.#target);
    pageBeat.follow(() => this.#tick(), shown.signal);
    const end = (): void => {
      seen.disconnect();
      sized.disconnect();
      this.#chart?.close();
      this.#chart = undefined;
    };
    shown.signal.addEventListener("abort", end, { once: true });
  }

  #tick(): void {
    if (!this.#isVisible) return;
    const { record } = this.#shown!;
    const isNew = this.#recorded!.read();
    // Nothing to draw yet, so that the script of the chart isn't needed either.
    if (this.#recorded!.series.isEmpty || !(isNew || record.isRunning || this.#isDirty)) return;
    // Once more after the end, since rates fall to 0.
    this.#isDirty = isNew || record.isRunning;
    this.#draw();
  }

  #draw(): void {
    if (this.#chart === undefined) void this.#load();
    if (this.#shown === undefined || this.#recorded === undefined) return;
    const { sharder, record, numbers, colours, one } = this.#shown;
    const { series } = this.#recorded;
    const nowMs = performance.now();
    const now = numbers.at(nowMs);
    const run = record.latestRun;
    const zeroMs = (run?.startMs ?? record.startMs) - record.startMs;
    const present = presentRates(sharder, now, series);
    const toMs = (run?.endMs ?? nowMs) - record.startMs;
    const fromMs = this.#range.value === "job" ? zeroMs : Math.max(0, toMs - RECENT_MS);
    const table = series.table(fromMs, toMs, record.workerIds, present);
    const marks = marksOf(record, record.startMs + fromMs, one);
    this.#drawn = { table, marks, zeroMs: record.startMs + zeroMs, spanMs: toMs - fromMs };

    const unit = unitOf(one);
    // Once nothing runs, the lines are labelled with what they show on average.
    const valueOf = (nowPerSecond: number | undefined, meanPerSecond: number | undefined): string =>
      formatRate((record.isRunning ? nowPerSecond : meanPerSecond) ?? 0, unit);
    const entries: LegendEntry[] = [
      { key: "", label: "Total", value: valueOf(now.itemsPerSecond, table.meanTotal) },
      ...[...table.byWorker.keys()].map((id) => {
        const value = valueOf(now.workers.get(id)?.itemsPerSecond, table.meanByWorker.get(id));
        return { key: id, label: id, colour: colours.of(id), value };
      }),
    ];
    this.#legend.update(entries);
    const summary = summarise(table, record.isRunning ? (now.itemsPerSecond ?? 0) : undefined, unit);
    setText(this.#summary, summary);
    setAttribute(this.#target, "aria-label", `Throughput over time. ${summary}`);
    if (this.#marksDetails.open) this.#listMarks();
    const toSeconds = (ms: number): number => (ms - zeroMs) / 1e3;
    this.#chart?.draw({
      lines: entries.map(({ key, label, colour }) => ({
        label,
        colour,
        width: key === "" ? 2.5 : 1.5,
        isShown: this.#legend.isShown(key),
      })),
      seconds: table.middlesMs.map(toSeconds),
      values: [table.total, ...table.byWorker.values()],
      marks: marks.map(({ kind, atMs }) => ({ kind, seconds: toSeconds(atMs - record.startMs) })),
      from: toSeconds(fromMs),
      to: Math.max(toSeconds(toMs), toSeconds(fromMs) + 1),
    });
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const chart = await ThroughputChart.load(this.#target, (seconds) => this.#point(seconds));
      this.#isLoading = false;
      // Another sharder loads it again.
      if (this.#shown?.signal.aborted !== false) return;
      this.#chart = chart;
      this.#draw();
    } catch {
      setText(this.#readout, "The chart could not be loaded. Its numbers are above.");
    }
  }

  /** Say what was at a moment, in seconds of the chart. */
  #point(seconds: number | undefined): void {
    if (this.#drawn === undefined || this.#shown === undefined) return;
    const { table, marks, zeroMs, spanMs } = this.#drawn;
    if (seconds === undefined) return setText(this.#readout, "");
    const atMs = zeroMs + seconds * 1e3;
    const near = marks.filter((mark) => Math.abs(mark.atMs - atMs) <= NEAR * spanMs);
    const rates = chartMoment(table, atMs - this.#shown.record.startMs, unitOf(this.#shown.one));
    const texts = near.map(({ text }) => text);
    setText(this.#readout, [`${formatClock(seconds)}: ${rates}`, ...texts].join(" · "));
  }

  #listMarks(): void {
    if (this.#drawn === undefined || !this.#marksDetails.open) return;
    const { marks, zeroMs } = this.#drawn;
    const latest = marks.slice(-MAX_LISTED_MARKS).reverse();
    const lines = latest.map(({ atMs, text }) => `${formatClock((atMs - zeroMs) / 1e3)} ${text}`);
    const shown = [...this.#marksList.children].map(({ textContent }) => textContent);
    const wanted = lines.length === 0 ? ["Nothing so far."] : lines;
    if (shown.join("\n") === wanted.join("\n")) return;
    this.#marksList.replaceChildren(...wanted.map((line) => element("li", {}, line)));
  }
}
