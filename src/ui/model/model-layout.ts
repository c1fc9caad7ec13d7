import type { Dashboard } from "../dashboard/dashboard.js";
import { asControl } from "../element-controls.js";
import { element } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { dropHint } from "../parts/file-drop.js";
import type { LogPanel } from "../parts/log-panel.js";
import type { Notice } from "../parts/notice.js";
import type { ProgressView } from "../parts/progress-view.js";
import type { ResumeOffer } from "../parts/resume-offer.js";
import type { ModelFacts } from "./model-facts.js";
import type { ModelInputsPanel } from "./model-inputs.js";
import type { ModelSourcePanel } from "./model-source.js";
import type { ResultsPanel } from "./outputs/results-panel.js";
import type { RunControls } from "./run-controls.js";

interface ModelParts {
  readonly notice: Notice;
  readonly offer: ResumeOffer;
  readonly source: ModelSourcePanel;
  readonly inputs: ModelInputsPanel;
  readonly controls: RunControls;
  readonly progress: ProgressView;
  readonly results: ResultsPanel;
  readonly facts: ModelFacts;
  readonly log: LogPanel;
  readonly dashboard: Dashboard;
}

/** The model tab's panels, in the order of reading and of the Tab key. */
export function layOutModel(parts: ModelParts): HTMLElement[] {
  const { notice, offer, source, inputs, controls, progress, results, facts, log, dashboard } = parts;
  const running = element(
    "section",
    { class: "panel job", "aria-label": "Run" },
    asControl("buttons", controls.root),
    ...progress.roots,
  );
  const main = element(
    "div",
    { class: "picture" },
    asControl("source", source.root),
    asControl("inputs", inputs.root),
    running,
    asControl("speed-up", dashboard.speedUp.root),
    asControl("results", results.root),
    explanation("model"),
  );
  const side = element(
    "div",
    { class: "side" },
    asControl("facts", facts.root),
    asControl("workers", dashboard.workers.root),
    asControl("settings", dashboard.settings.root),
    asControl("log", log.root),
  );
  const hint = dropHint("Drop a model’s files, pictures or files of numbers here");
  return [notice.root, offer.root, main, side, dashboard.root, hint];
}
