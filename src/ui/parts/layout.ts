import { element } from "./dom.js";
import type { JobPanel } from "../picture/job-panel.js";
import type { LogPanel } from "./log-panel.js";
import type { Notice } from "./notice.js";
import type { Preview } from "../picture/preview.js";
import type { Tabs } from "./tabs.js";
import { viewOptions } from "../picture/view-options.js";
import type { WorkersPanel } from "../workers/workers-panel.js";

/** What is around the tabs' panels. */
export function layOutPage(tabs: Tabs): HTMLElement[] {
  const header = element(
    "header",
    { class: "header" },
    element("h1", {}, "Inference sharder"),
    element("p", {}, "Runs a neural network on all the compute of this machine. Nothing leaves it."),
  );
  return [header, tabs.list, element("main", {}, ...tabs.panels)];
}

/** Where everything about the picture goes; in the order of reading and of the Tab key. */
export function layOutPicture(
  notice: Notice,
  job: JobPanel,
  preview: Preview,
  workers: WorkersPanel,
  log: LogPanel,
): HTMLElement[] {
  const picture = element("div", { class: "picture" }, job.root, preview.root, viewOptions(preview));
  const side = element("div", { class: "side" }, workers.root, log.root);
  return [notice.root, picture, side, dropHint("Drop the picture here")];
}

/** Shown while a file is held over the page. */
export function dropHint(text: string): HTMLElement {
  return element("div", { class: "drop-hint", "aria-hidden": "true" }, text);
}
