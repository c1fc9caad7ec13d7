import { element } from "../parts/dom.js";
import { asControl } from "../element-controls.js";
import type { Dashboard } from "../dashboard/dashboard.js";
import { explanation } from "../parts/explanation.js";
import { dropHint } from "../parts/file-drop.js";
import type { LogPanel } from "../parts/log-panel.js";
import type { Notice } from "../parts/notice.js";
import type { ResumeOffer } from "../parts/resume-offer.js";
import type { WorkersPanel } from "../workers/workers-panel.js";
import type { JobPanel } from "./job-panel.js";
import type { Preview } from "./preview.js";
import { viewOptions } from "./view-options.js";

interface PictureParts {
  readonly notice: Notice;
  readonly offer: ResumeOffer;
  readonly job: JobPanel;
  readonly preview: Preview;
  /** About the picture on show. */
  readonly caption: HTMLElement;
  /** Of several pictures. */
  readonly list: HTMLElement;
  readonly workers: WorkersPanel;
  readonly log: LogPanel;
  readonly dashboard: Dashboard;
}

/** The picture tab's panels, in the order of reading and of the Tab key. */
export function layOutPicture(parts: PictureParts): HTMLElement[] {
  const { notice, offer, job, preview, caption, list, workers, log, dashboard } = parts;
  const options = asControl("view", viewOptions(preview));
  const below = element("div", { class: "below-picture" }, caption, job.runsWith);
  const picture = element(
    "div",
    { class: "picture" },
    job.root,
    preview.root,
    below,
    options,
    list,
    explanation("picture"),
  );
  const side = element(
    "div",
    { class: "side" },
    asControl("workers", workers.root),
    asControl("settings", dashboard.settings.root),
    asControl("log", log.root),
  );
  return [notice.root, offer.root, picture, side, dashboard.root, dropHint("Drop pictures here")];
}
