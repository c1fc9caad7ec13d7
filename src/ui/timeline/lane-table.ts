import type { ItemWord } from "../dashboard/panel.js";
import { element } from "../parts/dom.js";
import { formatDuration, formatPercent } from "../parts/format.js";
import type { LaneSummary } from "./lane-summary.js";

/** The timeline in numbers, for those who can't see the canvas and those who want to know exactly. */
export class LaneTable {
  readonly #body = element("tbody");
  readonly #items = element("th", { scope: "col" });
  readonly root: HTMLDetailsElement;

  constructor(onOpen: () => void) {
    const heads = ["Busy", "Longest gap", "Retries", "Backups", "Failed", "Cancelled", "Restarts"];
    this.root = element(
      "details",
      { class: "lane-numbers" },
      element("summary", {}, "The same in numbers"),
      element(
        "div",
        // It scrolls where the panel is narrow, so it must be reachable by keyboard.
        {
          class: "lane-table",
          tabindex: "0",
          role: "region",
          "aria-label": "Each worker in the latest run, in numbers",
        },
        element(
          "table",
          {},
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              element("th", { scope: "col" }, "Worker"),
              element("th", { scope: "col" }, "Shards"),
              this.#items,
              ...heads.map((head) => element("th", { scope: "col" }, head)),
            ),
          ),
          this.#body,
        ),
      ),
    );
    this.root.addEventListener("toggle", onOpen);
  }

  get isOpen(): boolean {
    return this.root.open;
  }

  /** @param durationMs of the run. */
  update(summaries: readonly LaneSummary[], one: ItemWord, durationMs: number): void {
    this.#items.textContent = `${one.charAt(0).toUpperCase()}${one.slice(1)}s`;
    this.#body.replaceChildren(
      ...summaries.map((lane) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, lane.workerId),
          ...[
            String(lane.attemptCount),
            String(lane.itemCount),
            durationMs > 0 ? formatPercent(Math.min(1, lane.busyMs / durationMs)) : "–",
            formatDuration(lane.longestGapMs),
            String(lane.retryCount),
            String(lane.backupCount),
            String(lane.failureCount),
            String(lane.cancelledCount),
            String(lane.restartCount),
          ].map((text) => element("td", {}, text)),
        ),
      ),
    );
  }
}
