import type { ShownSharder, SharderPanel } from "../dashboard/panel.js";
import { element, setText } from "../parts/dom.js";
import { formatRate } from "../parts/format.js";
import { ChartLegend, type LegendEntry } from "./chart-legend.js";
import { chartMoment, presentRates, summarise } from "./chart-text.js";
import { Marks } from "./marks.js";
import { formatClock, ThroughputChart, type ChartContent } from "./throughput-chart.js";
import { ThroughputSeries, type ThroughputTable } from "./throughput-series.js";
import { outgoingOf } from "../numbers/outgoing.js";

/** The chart is drawn at most so often, ms. */
const DRAW_INTERVAL_MS = 250;
const RECENT_SECONDS = 300;
/** As many marks as are listed in words. */
const MAX_LISTED_MARKS = 50;

/** What is on show: it begins anew with another sharder. */
interface Watched {
  readonly shown: ShownSharder;
  readonly series: ThroughputSeries;
  readonly marks: Marks;
  readonly startMs: number;
  jobId: number | undefined;
  /** When the latest job began, and when anything was last finished: seconds since `startMs`. */
  jobSeconds: number;
  latestSeconds: number;
}

/** Items per second over time, of each worker and in total, with what happened meanwhile. */
export class ThroughputPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #summary: HTMLElement;
  readonly #target = element("div", { class: "chart", role: "img" });
  readonly #readout = element("p", { class: "muted chart-readout" });
  readonly #marksList = element("ul");
  readonly #marksDetails: HTMLDetailsElement;
  readonly #legend = new ChartLegend(() => this.#draw());
  readonly #range: HTMLSelectElement;
  #watched: Watched | undefined;
  #chart: ThroughputChart | undefined;
  #isLoading = false;
  #isVisible = false;
  #isDirty = false;
  #table: ThroughputTable | undefined;

  /** @param prefix tells the panels of a page apart, in ids and for tests. */
  constructor(prefix: string) {
    const titleId = `${prefix}throughput-title`;
    this.#summary = element("p", { class: "muted", "data-testid": `${prefix}throughput-summary` });
    this.#range = element(
      "select",
      { id: `${prefix}throughput-range` },
      element("option", { value: "job" }, "whole job"),
      element("option", { value: "recent" }, "last 5 minutes"),
    );
    this.#range.addEventListener("change", () => this.#draw());
    const label = element("label", { class: "muted", for: this.#range.id }, "Show");
    this.#marksDetails = element("details", {}, element("summary", {}, "What happened, as a list"), this.#marksList);
    this.#marksDetails.addEventListener("toggle", () => this.#listMarks());
    this.root = element(
      "section",
      { class: "panel throughput", "aria-labelledby": titleId, "data-testid": `${prefix}throughput` },
      element(
        "div",
        { class: "throughput-head" },
        element("h2", { id: titleId }, "Throughput over time"),
        label,
        this.#range,
      ),
      this.#summary,
      this.#legend.root,
      this.#target,
      this.#readout,
      this.#marksDetails,
    );
  }

  attach(shown: ShownSharder): void {
    const { sharder, signal, one } = shown;
    const startMs = performance.now();
    const seconds = (): number => (performance.now() - startMs) / 1e3;
    const watched: Watched = {
      shown,
      series: new ThroughputSeries(),
      marks: new Marks(one),
      startMs,
      jobId: undefined,
      jobSeconds: 0,
      latestSeconds: 0,
    };
    this.#watched = watched;
    this.#isDirty = true;
    const { series, marks } = watched;
    sharder.addEventListener(
      "attempt",
      ({ detail }) => {
        const endMs = performance.now() - startMs;
        if (watched.jobId === undefined || detail.jobId > watched.jobId) {
          watched.jobId = detail.jobId;
          watched.jobSeconds = Math.max(0, (endMs - detail.latencyMs) / 1e3);
        }
        const outgoing = outgoingOf(sharder, detail);
        if (outgoing === undefined) return;
        const { workerId, serviceMs = detail.latencyMs } = detail;
        series.add({ workerId, endMs, serviceMs, ...outgoing });
        watched.latestSeconds = endMs / 1e3;
        this.#isDirty = true;
      },
      { signal },
    );
    sharder.addEventListener("fault", ({ detail }) => marks.addFault(detail, seconds()), { signal });
    sharder.addEventListener("rebalance", ({ detail }) => marks.addRebalance(detail, seconds()), { signal });
    this.#drawWhileVisible(signal);
  }

  #drawWhileVisible(signal: AbortSignal): void {
    const seen = new IntersectionObserver((entries) => {
      this.#isVisible = entries.at(-1)?.isIntersecting === true;
      this.#isDirty = true;
    });
    const sized = new ResizeObserver(() => this.#chart?.resize());
    seen.observe(this.root);
    sized.observe(this.#target);
    const timer = setInterval(() => this.#tick(), DRAW_INTERVAL_MS);
    const end = (): void => {
      clearInterval(timer);
      seen.disconnect();
      sized.disconnect();
      this.#chart?.close();
      this.#chart = undefined;
    };
    signal.addEventListener("abort", end, { once: true });
  }

  #tick(): void {
    const { shown, series } = this.#watched!;
    if (!this.#isVisible || document.hidden) return;
    const isBusy = shown.sharder.workers.some(({ underWay }) => underWay.length > 0);
    if (!isBusy && !this.#isDirty) return;
    // Nothing to draw yet, so that the script isn't needed either.
    if (series.isEmpty) return;
    this.#isDirty = isBusy;
    this.#draw();
  }

  #draw(): void {
    if (this.#chart === undefined) void this.#load();
    const watched = this.#watched;
    if (watched === undefined) return;
    const { shown, series, marks, startMs } = watched;
    const { sharder, numbers, colours, one } = shown;
    const nowMs = performance.now();
    const now = numbers.at(nowMs);
    const present = presentRates(sharder, now, series);
    const to = present.size > 0 ? (nowMs - startMs) / 1e3 : watched.latestSeconds + series.binMs / 1e3;
    const from = this.#range.value === "job" ? watched.jobSeconds : Math.max(0, to - RECENT_SECONDS);
    const table = series.table(from * 1e3, to * 1e3, present);
    this.#table = table;
    const ids = [...table.byWorker.keys()];
    const unit = one === "tile" ? "tiles" : "items";
    const rate = (id: string): string => formatRate(now.workers.get(id)?.itemsPerSecond ?? 0, unit);
    const entries: LegendEntry[] = [
      { key: "", label: "Total", value: formatRate(now.itemsPerSecond, unit) },
      ...ids.map((id) => ({ key: id, label: id, colour: colours.of(id), value: rate(id) })),
    ];
    this.#legend.update(entries);
    const summary = summarise(table, now.itemsPerSecond, unit);
    setText(this.#summary, summary);
    this.#target.setAttribute("aria-label", `Throughput over time. ${summary}`);
    const content: ChartContent = {
      lines: entries.map(({ key, label, colour = "--text" }) => ({
        label,
        colour,
        width: key === "" ? 2.5 : 1.5,
        isShown: this.#legend.isShown(key),
      })),
      seconds: table.seconds,
      values: [table.total, ...ids.map((id) => table.byWorker.get(id)!)],
      marks: marks.all,
      from,
      to: Math.max(to, from + 1),
    };
    this.#chart?.draw(content);
    if (this.#marksDetails.open) this.#listMarks();
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#chart = await ThroughputChart.load(this.#target, (seconds) => this.#point(seconds));
      this.#draw();
    } catch {
      setText(this.#readout, "The chart could not be loaded. Its numbers are above.");
      return;
    }
    this.#isLoading = false;
  }

  /** Say what was at a moment. */
  #point(seconds: number | undefined): void {
    const { marks, shown } = this.#watched!;
    if (seconds === undefined || this.#table === undefined) return setText(this.#readout, "");
    const span = this.#table.seconds.at(-1)! - this.#table.seconds[0]!;
    const unit = shown.one === "tile" ? "tiles" : "items";
    setText(this.#readout, chartMoment(this.#table, seconds, marks.near(seconds, span / 100), unit));
  }

  #listMarks(): void {
    const { marks } = this.#watched ?? {};
    if (marks === undefined || !this.#marksDetails.open) return;
    const latest = marks.all.slice(-MAX_LISTED_MARKS).reverse();
    const lines = latest.map(({ seconds, text }) => `${formatClock(seconds)} ${text}`);
    const shown = [...this.#marksList.children].map(({ textContent }) => textContent);
    const wanted = lines.length === 0 ? ["Nothing so far."] : lines;
    if (shown.join("\n") === wanted.join("\n")) return;
    this.#marksList.replaceChildren(...wanted.map((line) => element("li", {}, line)));
  }
}
