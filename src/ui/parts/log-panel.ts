import { element, setText } from "./dom.js";
import { explanation } from "./explanation.js";
import { FaultVoice } from "./fault-voice.js";

/** What a line is about; the user can choose to see only one of these. */
export type LogTopic = "faults" | "workers" | "shares" | "jobs";

/** Older lines of a topic are removed: frequent ones don't drive out those of others. */
const MAX_LINES = 100;

const FILTERS: readonly { readonly topic: LogTopic | "all"; readonly title: string }[] = [
  { topic: "all", title: "All" },
  { topic: "faults", title: "Faults" },
  { topic: "workers", title: "Workers" },
  { topic: "shares", title: "Shares" },
  { topic: "jobs", title: "Jobs" },
];

/** What has happened, in words, newest first. It is no live region: only faults and recoveries are read aloud, by `voice`. */
export class LogPanel {
  readonly root: HTMLElement;
  /** Says faults and recoveries to those who can't see the panel. */
  readonly voice = new FaultVoice();
  readonly #lines: HTMLElement;
  readonly #empty = element("p", { class: "muted" }, "Nothing so far.");
  readonly #countByTopic = new Map<LogTopic, number>();
  #shown: LogTopic | "all" = "all";

  /** @param prefix tells the panels of a page apart, in ids and for tests. */
  constructor(prefix = "") {
    const titleId = `${prefix}log-title`;
    this.#lines = element("div", {
      class: "log",
      role: "region",
      "aria-labelledby": titleId,
      "data-topic": "all",
      // It scrolls, so it must be reachable by keyboard.
      tabindex: "0",
      "data-testid": `${prefix}log`,
    });
    this.root = element(
      "section",
      { class: "panel" },
      element("h2", { id: titleId }, "Events"),
      this.#createFilter(prefix),
      this.#empty,
      this.#lines,
      explanation("events"),
      this.voice.root,
    );
  }

  /** @param topic by default that of a fault, or else of a job. */
  add(text: string, kind: "plain" | "fault" = "plain", topic: LogTopic = kind === "fault" ? "faults" : "jobs"): void {
    const now = new Date();
    const time = element("time", { datetime: now.toISOString() }, now.toLocaleTimeString(undefined, { hour12: false }));
    this.#lines.prepend(element("p", { class: kind, "data-topic": topic }, time, " ", text));
    const count = (this.#countByTopic.get(topic) ?? 0) + 1;
    this.#countByTopic.set(topic, Math.min(count, MAX_LINES));
    if (count > MAX_LINES) [...this.#lines.querySelectorAll(`[data-topic="${topic}"]`)].at(-1)?.remove();
    this.#showEmpty();
  }

  /** Buttons of which one is pressed; the arrow keys go from one to the next. */
  #createFilter(prefix: string): HTMLElement {
    const choices = FILTERS.map(({ topic, title }) => {
      const input = element("input", { type: "radio", name: `${prefix}log-filter`, value: topic });
      input.checked = topic === this.#shown;
      input.addEventListener("change", () => this.#show(topic));
      return element("label", { class: "choice" }, input, title);
    });
    return element(
      "fieldset",
      { class: "choices" },
      element("legend", { class: "visually-hidden" }, "Which events to show"),
      ...choices,
    );
  }

  #show(topic: LogTopic | "all"): void {
    this.#shown = topic;
    // The style sheet hides the others.
    this.#lines.setAttribute("data-topic", topic);
    this.#lines.scrollTop = 0;
    this.#showEmpty();
  }

  #showEmpty(): void {
    const count = this.#shown === "all" ? this.#lines.childElementCount : (this.#countByTopic.get(this.#shown) ?? 0);
    this.#empty.hidden = count > 0;
    setText(this.#empty, this.#shown === "all" ? "Nothing so far." : `No events of this kind so far.`);
  }
}
