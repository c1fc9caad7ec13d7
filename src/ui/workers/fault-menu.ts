import type { BackendName } from "../../index.js";
import * as faults from "../../faults.js";
import { element } from "../parts/dom.js";

/** A fault that the user can cause. */
export interface Fault {
  readonly label: string;
  /** What will happen, for the line below the menu. */
  readonly hint: string;
  /** The backends that can suffer it. Default: all. */
  readonly backends?: readonly BackendName[];
  cause(workerId: string): void | Promise<void>;
}

const HANG_MS = 20_000;
const DELAY_MS = 500;

const FAULTS: readonly Fault[] = [
  { label: "Kill it", hint: "It ends without a word and is started again.", cause: (id) => faults.kill(id) },
  {
    label: `Hang for ${HANG_MS / 1e3} s`,
    hint: "What it is on is computed elsewhere. It is ended only if it stays silent for much longer than predicted.",
    cause: (id) => faults.hang(id, HANG_MS),
  },
  { label: "Fail the next shard", hint: "Another worker computes its items.", cause: (id) => faults.fail(id, 1) },
  {
    label: "Lose the GPU",
    hint: "It starts again on the same GPU, or on another backend.",
    backends: ["webgpu", "webgl"],
    cause: (id) => faults.loseDevice(id),
  },
  { label: "Run out of memory", hint: "It gets smaller shards.", cause: (id) => faults.exhaust(id) },
  {
    label: "Compute 1 % off",
    hint: "Found out where its results are checked: always on a GPU, elsewhere if the settings say so.",
    cause: (id) => faults.corrupt(id, 0.01),
  },
  {
    label: "Lose the next answer",
    hint: "To the page that is the same as a hang.",
    cause: (id) => faults.dropMessage(id, "in"),
  },
  {
    label: `Delay messages by ${DELAY_MS} ms`,
    hint: "It becomes slower.",
    cause: (id) => faults.delayMessages(id, DELAY_MS),
  },
];

/** The faults that a worker on this backend can suffer. */
export function faultsFor(backend: BackendName): readonly Fault[] {
  return FAULTS.filter(({ backends }) => backends === undefined || backends.includes(backend));
}

/**
 * A menu with the faults that can be caused in one worker, and a button that causes the chosen one.
 * @param cause carries it out. @param onBackend the worker's present backend.
 */
export class FaultMenu {
  readonly root: HTMLElement;
  readonly #select: HTMLSelectElement;
  readonly #button: HTMLButtonElement;
  readonly #hint = element("p", { class: "muted" });
  #backend: BackendName | undefined;
  #offered: readonly Fault[] = [];

  constructor(workerId: string, attempt: (what: string, cause: () => Promise<void>) => void) {
    const hintId = `fault-hint-${workerId}`;
    this.#select = element("select", {
      "aria-label": `Fault for ${workerId}`,
      "aria-describedby": hintId,
      "data-testid": "fault",
    });
    this.#button = element("button", { type: "button", class: "small", "data-testid": "cause-fault" }, "Do it");
    this.#hint.id = hintId;
    this.#select.addEventListener("change", () => this.#showHint());
    this.#button.addEventListener("click", () => {
      const fault = this.#chosen;
      if (fault !== undefined) attempt(fault.label, async () => fault.cause(workerId));
    });
    this.root = element(
      "details",
      { class: "worker-faults" },
      element("summary", {}, "Break it", element("span", { class: "visually-hidden" }, ` (${workerId})`)),
      element("div", { class: "fault-choice" }, this.#select, this.#button),
      this.#hint,
    );
  }

  /** @param isAlive whether there is a worker to break. */
  update(backend: BackendName, isAlive: boolean): void {
    this.#select.disabled = this.#button.disabled = !isAlive;
    if (backend === this.#backend) return;
    this.#backend = backend;
    this.#offered = faultsFor(backend);
    this.#select.replaceChildren(
      ...this.#offered.map(({ label }, index) => element("option", { value: String(index) }, label)),
    );
    this.#showHint();
  }

  get #chosen(): Fault | undefined {
    return this.#offered[this.#select.selectedIndex];
  }

  #showHint(): void {
    this.#hint.textContent = this.#chosen?.hint ?? "";
  }
}
