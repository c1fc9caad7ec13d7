import { element } from "./dom.js";
import type { JobPanel } from "./job-panel.js";
import type { LogPanel } from "./log-panel.js";
import type { Notice } from "./notice.js";
import type { Preview } from "./preview.js";
import { viewOptions } from "./view-options.js";
import type { WorkersPanel } from "./workers-panel.js";

/** Where everything goes; in the order of reading and of the Tab key. */
export function layOut(
  notice: Notice,
  job: JobPanel,
  preview: Preview,
  workers: WorkersPanel,
  log: LogPanel,
): HTMLElement[] {
  const header = element(
    "header",
    { class: "header" },
    element("h1", {}, "Inference sharder"),
    element(
      "p",
      {},
      "Enlarges a picture with a neural network, tile by tile, on all the compute of this machine. Nothing leaves it.",
    ),
  );
  const picture = element("div", { class: "picture" }, job.root, preview.root, viewOptions(preview));
  const side = element("div", { class: "side" }, workers.root, log.root);
  const hint = element("div", { class: "drop-hint", "aria-hidden": "true" }, "Drop the picture here");
  return [header, element("main", {}, notice.root, picture, side), hint];
}
