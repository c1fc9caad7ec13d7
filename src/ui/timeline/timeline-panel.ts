import type { SharderPanel, ShownSharder } from "../dashboard/panel.js";
import { asControl } from "../element-controls.js";
import { element, setText } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { failureText } from "../parts/failure-text.js";
import { saveFile } from "../parts/save-file.js";
import type { TimelineView } from "./timeline-view.js";

const SAVE = "Save the trace";

/** The timeline of every attempt. What draws it is loaded when the panel comes on view. */
export class TimelinePanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #prefix: string;
  readonly #save: HTMLButtonElement;
  readonly #body = element("div", { class: "timeline-body" });
  readonly #problem = element("p", { class: "worker-error", role: "alert", hidden: "" });
  readonly #intro = element("p", { class: "muted" });
  #shown: ShownSharder | undefined;
  #view: TimelineView | undefined;
  #isSaving = false;

  /** @param prefix tells the panels of a page apart, in ids and for tests. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    const titleId = `${prefix}timeline-title`;
    this.#save = element(
      "button",
      { type: "button", class: "small", "data-testid": "save-trace", title: "For ui.perfetto.dev or chrome://tracing" },
      SAVE,
    );
    this.#save.addEventListener("click", () => void this.#saveTrace());
    this.#save.disabled = true;
    this.root = asControl(
      "timeline",
      element(
        "section",
        { class: "panel timeline-panel", "aria-labelledby": titleId, "data-testid": `${prefix}timeline-panel` },
        element("div", { class: "panel-head" }, element("h2", { id: titleId }, "What each worker does"), this.#save),
        this.#problem,
        this.#intro,
        this.#body,
        explanation("timeline"),
      ),
    );
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting !== true) return;
      observer.disconnect();
      void this.#load();
    });
    observer.observe(this.root);
  }

  attach(shown: ShownSharder): void {
    this.#shown = shown;
    const { one, sharder } = shown;
    const stages =
      sharder.plan.split === "layers"
        ? ` The model is split by its layers: “2·8” is a batch of 8 in stage 2. Point at one to see its way through the stages.`
        : "";
    setText(
      this.#intro,
      `Each box is a piece of work that a worker did; the number says how many ${one}s it held. In a gap the worker had nothing to do, or was away.${stages}`,
    );
    this.#save.disabled = false;
    this.#view?.attach(shown);
  }

  async #load(): Promise<void> {
    try {
      const { TimelineView: View } = await import("./timeline-view.js");
      const view = new View(this.#prefix);
      this.#view = view;
      this.#body.replaceWith(view.root);
      if (this.#shown !== undefined) view.attach(this.#shown);
    } catch {
      this.#body.replaceChildren("The timeline could not be loaded. Reload the page to try again.");
    }
  }

  /** It may take a second or two for a long run. The button keeps the focus meanwhile. */
  async #saveTrace(): Promise<void> {
    const record = this.#shown?.record;
    if (record === undefined || this.#isSaving) return;
    this.#isSaving = true;
    setText(this.#save, "Saving the trace …");
    this.#problem.hidden = true;
    try {
      const { traceFile } = await import("../record/trace-file.js");
      saveFile(await traceFile(record), "inference-sharder-trace.json");
    } catch (thrown) {
      this.#problem.hidden = false;
      setText(this.#problem, `The trace could not be saved. Reload the page to try again. (${failureText(thrown)})`);
    }
    setText(this.#save, SAVE);
    this.#isSaving = false;
  }
}
