import type { Sharder } from "../../index.js";
import { asControl } from "../element-controls.js";
import { LiveNumbers } from "../numbers/live-numbers.js";
import { element } from "../parts/dom.js";
import { RunRecord } from "../record/run-record.js";
import { markUserTiming } from "../record/user-timing.js";
import { TimelinePanel } from "../timeline/timeline-panel.js";
import { ReportPanel } from "../report/report-panel.js";
import type { WorkerColours } from "../workers/colours.js";
import { LazyPanel } from "./lazy-panel.js";
import { SettingsPanel } from "../settings/settings-panel.js";
import { SpeedUp } from "../speed/speed-up.js";
import { WorkersPanel } from "../workers/workers-panel.js";
import type { DashboardHost } from "./host.js";
import type { ItemWord, SharderPanel } from "./panel.js";

/** The panels below a job, the same for every job: what its sharder does, and has done. */
export class Dashboard {
  readonly root: HTMLElement;
  /** Placed beside the job, not below it. */
  readonly workers: WorkersPanel;
  /** Placed beside the job, below the workers. */
  readonly settings: SettingsPanel;
  /** Placed at the top. */
  readonly speedUp: SpeedUp;
  readonly #colours: WorkerColours;
  readonly #one: ItemWord;
  readonly #panels: readonly SharderPanel[];
  #shown = new AbortController();
  #numbers: LiveNumbers | undefined;

  /** @param prefix tells the dashboards of a page apart, in ids and for tests. @param host the tab that it is in. */
  constructor(colours: WorkerColours, one: ItemWord, prefix: string, host: DashboardHost) {
    this.#colours = colours;
    this.#one = one;
    this.workers = new WorkersPanel(host, prefix, one === "tile", () => !this.speedUp.isRunning);
    this.settings = new SettingsPanel(host, prefix, one === "tile");
    this.speedUp = new SpeedUp(host, one === "tile");
    // By the names that the attribute `controls` knows them by.
    const views = {
      timeline: new TimelinePanel(prefix),
      totals: new LazyPanel("Totals of this run", async () => {
        const { TotalsPanel } = await import("../totals/totals-panel.js");
        return new TotalsPanel(prefix, () => this.speedUp.comparable);
      }),
      throughput: new LazyPanel("Throughput over time", async () => {
        const { ThroughputPanel } = await import("../throughput/throughput-panel.js");
        return new ThroughputPanel(prefix);
      }),
      layers: new LazyPanel("Layers", async () => {
        const { LayersPanel } = await import("../layers/layers-panel.js");
        return new LayersPanel(prefix);
      }),
      report: new ReportPanel(host, prefix, this.speedUp, this.settings),
    };
    this.#panels = Object.values(views);
    const panels = Object.entries(views).map(([name, { root }]) => asControl(name, root));
    this.root = element("div", { class: "dashboard", "data-testid": `${prefix}dashboard` }, ...panels);
    // Before the first there is nothing to show.
    this.root.hidden = true;
  }

  /** How fast the sharder on show is; `undefined` before the first. */
  get numbers(): LiveNumbers | undefined {
    return this.#numbers;
  }

  /** A job has started or ended. */
  update(): void {
    this.workers.update();
    this.speedUp.update();
  }

  /** Show another sharder. @param signal aborts when the element leaves the page. */
  attach(sharder: Sharder, signal: AbortSignal): void {
    this.root.hidden = false;
    this.#shown.abort();
    this.#shown = new AbortController();
    const until = AbortSignal.any([signal, this.#shown.signal]);
    const record = new RunRecord(sharder, until, () => this.speedUp.isRunning);
    markUserTiming(sharder, until);
    const numbers = new LiveNumbers(sharder, until);
    this.#numbers = numbers;
    for (const panel of [this.workers, this.settings, this.speedUp, ...this.#panels]) {
      panel.attach({ sharder, record, numbers, colours: this.#colours, one: this.#one, signal: until });
    }
  }
}
