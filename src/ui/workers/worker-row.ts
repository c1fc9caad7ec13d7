import type { Sharder, WorkerSnapshot, WorkerState } from "../../index.js";
import type { ItemWord } from "../dashboard/panel.js";
import { element, setAttribute, setText } from "../parts/dom.js";
import type { WorkerNumbers } from "../numbers/live-numbers.js";
import { formatCount, formatRate } from "../parts/format.js";
import { engineName } from "../settings/engine-setting.js";
import { FaultMenu } from "./fault-menu.js";
import { Removal } from "./removal.js";

export interface WorkerCommands {
  /** @param factor 1…8; 1 ends the slowdown. */
  slow(id: string, factor: number): void;
  remove(id: string): void;
  /** @param what the fault, for the message if it can't be caused. */
  breakDown(id: string, what: string, cause: () => Promise<void>): void;
}

/** What a row shows besides the worker itself. */
export interface RowContext {
  readonly one: ItemWord;
  /** What it does at present. */
  readonly numbers: WorkerNumbers | undefined;
  /** Items that it has made in the latest job, and its part of what all have made, whole percents. */
  readonly madeCount: number;
  readonly madePercent: number;
  /** The mean while it worked on the latest job; `undefined` before it has finished a shard. */
  readonly madePerSecond: number | undefined;
  /** Whether a job is under way. */
  readonly isBusy: boolean;
  /** Whether jobs have no other worker. */
  readonly isLast: boolean;
  readonly plan: Sharder["plan"];
}

/** One worker: its device, its share, what it has made, a slider that slows it down, and a menu that breaks it. */
export class WorkerRow {
  readonly root: HTMLElement;
  readonly #state = element("span", { class: "state" });
  readonly #device = element("span", { class: "muted device" });
  readonly #removal: Removal;
  readonly #bar = element("span", { class: "bar-fill" });
  readonly #meter: HTMLElement;
  readonly #share = element("span", { class: "share", "data-testid": "share" });
  readonly #rate = element("span", { class: "rate" });
  readonly #tiles = element("span", { class: "tiles", "data-testid": "tiles" });
  readonly #slow: HTMLInputElement;
  readonly #factor = element("output", { class: "factor" }, "×1");
  readonly #choice = element("p", { class: "muted worker-choice", "data-testid": "choice" });
  readonly #error = element("p", { class: "worker-error" });
  readonly #faults: FaultMenu;

  constructor({ id, backend }: WorkerSnapshot, colour: string, commands: WorkerCommands) {
    this.#removal = new Removal(id, () => commands.remove(id));
    this.#meter = element(
      "span",
      { class: "bar", role: "meter", "aria-valuemin": "0", "aria-valuemax": "100" },
      this.#bar,
    );
    this.#slow = element("input", { type: "range", id: `slow-${id}`, min: "1", max: "8", step: "0.5", value: "1" });
    this.#slow.addEventListener("input", () => {
      const factor = this.#slow.valueAsNumber;
      this.#showFactor(factor);
      commands.slow(id, factor);
    });
    this.#showFactor(1);
    this.#factor.htmlFor.add(`slow-${id}`);
    this.#faults = new FaultMenu(id, (what, cause) => commands.breakDown(id, what, cause));
    const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
    this.root = element(
      "li",
      { class: "worker", "data-testid": "worker", "data-worker": id, "data-backend": backend },
      element("div", { class: "worker-head" }, swatch, element("strong", {}, id), this.#state, this.#removal.button),
      this.#removal.warning,
      this.#device,
      element("div", { class: "worker-share" }, this.#meter, this.#share),
      element("div", { class: "worker-numbers muted" }, this.#rate, this.#tiles),
      this.#choice,
      element(
        "div",
        { class: "worker-slow" },
        element("label", { for: `slow-${id}` }, "Slow down", element("span", { class: "visually-hidden" }, ` ${id}`)),
        this.#slow,
        this.#factor,
      ),
      this.#faults.root,
      this.#error,
    );
    this.root.style.setProperty("--worker-colour", colour);
  }

  /** The button that removes it, for the focus once a neighbour is gone. */
  get removeButton(): HTMLButtonElement {
    return this.#removal.button;
  }

  update(worker: WorkerSnapshot, context: RowContext): void {
    const { id, backend, engine, state, device, restarts, choice, lastError } = worker;
    const { one, numbers, madeCount, madePercent, madePerSecond, isBusy, isLast, plan } = context;
    setAttribute(this.root, "data-state", state);
    setAttribute(this.root, "data-backend", backend);
    setText(this.#state, restarts === 0 ? STATE_WORDS[state] : `${STATE_WORDS[state]} · restarted ${times(restarts)}`);
    // That of most models goes without saying.
    const runs = engine === "tfjs" ? backend : `${engineName(engine)} · ${backend}`;
    setText(this.#device, device === undefined ? runs : `${runs} · ${device}`);
    const isOver = !isBusy && madePerSecond !== undefined;
    this.#showShare(id, isOver, isOver ? madePercent : (numbers?.percent ?? 0));
    setText(
      this.#rate,
      formatRate(isOver ? madePerSecond : numbers?.itemsPerSecond, one === "tile" ? "tiles" : "items"),
    );
    const made = formatCount(madeCount, one);
    setText(this.#tiles, plan.split === "batch" ? made : `${made} · ${layersOf(id, plan)}`);
    // Of those that are used, the share says enough.
    const isNotable = choice?.state === "left" || choice?.state === "costly";
    setText(this.#choice, isNotable ? choice.reason : "");
    this.#choice.hidden = !isNotable;
    const isAlive = state === "ready" || state === "busy";
    this.#slow.disabled = !isAlive;
    this.#faults.update(backend, isAlive);
    const isPending = state === "starting" || state === "draining";
    this.#removal.update({ isDead: state === "dead", isLast, isPending });
    // A cancelled shard also leaves an error, which is not a fault of the worker.
    const isOut = state === "dead" || state === "quarantined";
    setText(this.#error, isOut && lastError !== undefined ? lastError.message : "");
    this.#error.hidden = this.#error.textContent === "";
  }

  /** While a job runs, shows the worker's part of the present work; afterwards, the part that it made. */
  #showShare(id: string, isOver: boolean, percent: number): void {
    const text = `${percent}\u00a0%`;
    this.#bar.style.transform = `scaleX(${percent / 100})`;
    setAttribute(this.#meter, "aria-label", isOver ? `Made by ${id}` : `Share of ${id}`);
    setAttribute(this.#meter, "aria-valuenow", String(percent));
    setAttribute(this.#meter, "aria-valuetext", text);
    setText(this.#share, isOver ? `made ${text}` : text);
  }

  #showFactor(factor: number): void {
    this.#factor.value = `×${factor}`;
    this.#slow.setAttribute("aria-valuetext", factor === 1 ? "not slowed down" : `${factor} times slower`);
  }
}

/** "layers 1–12", or that it holds none. */
function layersOf(id: string, plan: Sharder["plan"]): string {
  if (plan.split === "batch") return "";
  const held = plan.stages.filter(({ workerIds }) => workerIds.includes(id));
  if (held.length === 0) return "holds no layers";
  return `layers ${held.map(({ firstLayer, lastLayer }) => `${firstLayer + 1}–${lastLayer + 1}`).join(", ")}`;
}

function times(count: number): string {
  return count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;
}

const STATE_WORDS: Readonly<Record<WorkerState, string>> = {
  starting: "starting …",
  ready: "ready",
  busy: "busy",
  draining: "finishing …",
  restarting: "restarting …",
  quarantined: "quarantined",
  unloaded: "not needed",
  dead: "stopped",
};
