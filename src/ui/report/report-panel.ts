import type { DashboardHost } from "../dashboard/host.js";
import type { SharderPanel, ShownSharder } from "../dashboard/panel.js";
import { element, setText } from "../parts/dom.js";
import { failureText } from "../parts/failure-text.js";
import { saveFile } from "../parts/save-file.js";
import type { RecordedAttempt } from "../record/attempt-log.js";
import type { RunRecord } from "../record/run-record.js";
import type { SettingsPanel } from "../settings/settings-panel.js";
import type { SpeedUp } from "../speed/speed-up.js";
import type { Report } from "./report.js";

/** Benchmarks this machine against TF.js, and saves the report as a file. Nothing is uploaded. */
export class ReportPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #host: DashboardHost;
  readonly #speedUp: SpeedUp;
  readonly #settings: SettingsPanel;
  readonly #benchmark: HTMLButtonElement;
  readonly #page: HTMLButtonElement;
  readonly #json: HTMLButtonElement;
  readonly #said = element("p", { class: "muted", "data-testid": "report-said" });
  #shown: ShownSharder | undefined;

  /** @param prefix tells the panels of a page apart, in ids. */
  constructor(host: DashboardHost, prefix: string, speedUp: SpeedUp, settings: SettingsPanel) {
    this.#host = host;
    this.#speedUp = speedUp;
    this.#settings = settings;
    this.#benchmark = button("Benchmark against TF.js", "benchmark", () => speedUp.measure());
    this.#page = button("Save report as a web page", "report-html", () => void this.#save("html"));
    this.#json = button("Save report as JSON", "report-json", () => void this.#save("json"));
    const titleId = `${prefix}report-title`;
    this.root = element(
      "section",
      { class: "panel report", "aria-labelledby": titleId, hidden: "" },
      element("h2", { id: titleId }, "Benchmark and report"),
      element(
        "p",
        { class: "muted" },
        "The report is a file with this machine’s description, the speeds, each worker’s work and the settings, to keep or to share. It holds none of your data, and nothing is uploaded.",
      ),
      element("div", { class: "buttons" }, this.#benchmark, this.#page, this.#json),
      this.#said,
    );
    speedUp.onChange(() => this.#update());
  }

  attach(shown: ShownSharder): void {
    this.#shown = shown;
    this.root.hidden = false;
    this.#update();
  }

  #update(): void {
    this.#benchmark.disabled = this.#speedUp.isMeasuring;
    const text = this.#speedUp.isMeasuring
      ? "Measuring …"
      : this.#speedUp.result === undefined
        ? "Not compared with plain TF.js yet: the report will say so."
        : "Compared with plain TF.js: the report has the figures.";
    setText(this.#said, text);
  }

  async #save(format: "html" | "json"): Promise<void> {
    try {
      const report = await this.#build();
      const name = `benchmark-${report.model.name.replaceAll(/[^\w.-]+/g, "-")}-${report.createdAt.slice(0, 10)}`;
      if (format === "json") {
        saveFile(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }), `${name}.json`);
        return;
      }
      const { reportHtml } = await import("./report-html.js");
      saveFile(new Blob([reportHtml(report)], { type: "text/html" }), `${name}.html`);
    } catch (thrown) {
      this.#host.fail("The report could not be made", failureText(thrown));
    }
  }

  async #build(): Promise<Report> {
    const { sharder, record } = this.#shown!;
    const { buildReport } = await import("./report.js");
    const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
    return buildReport({
      sharder,
      modelName: this.#host.workload?.modelName ?? "a model",
      attempts: attemptsOfJobs(record).map((detail) => ({ detail, endMs: detail.endMs })),
      faults: record.faults,
      settings: this.#settings.settings,
      speed: this.#speedUp.result,
      machine: {
        coreCount: navigator.hardwareConcurrency,
        ...(deviceMemory === undefined ? {} : { memoryGb: deviceMemory }),
        browser: navigator.userAgent,
        isIsolated: globalThis.crossOriginIsolated,
      },
      now: new Date(),
    });
  }
}

/** Without what the page itself measured, unless there is nothing else. */
function attemptsOfJobs({ attempts, jobs }: RunRecord): RecordedAttempt[] {
  const all = [...attempts];
  const own = all.filter(({ jobId }) => jobs.get(jobId)?.isMeasurement !== true);
  return own.length > 0 ? own : all;
}

function button(text: string, testId: string, onPress: () => void): HTMLButtonElement {
  const created = element("button", { type: "button", "data-testid": testId }, text);
  created.addEventListener("click", onPress);
  return created;
}
