import {
  BACKEND_NAMES,
  ShardError,
  type AttemptDetail,
  testServer,
  type Sharder,
  type WorkerSnapshot,
  type WorkerSpec,
} from "../../index.js";
import { slow } from "../../faults.js";
import type { DashboardHost } from "../dashboard/host.js";
import type { SharderPanel, ShownSharder } from "../dashboard/panel.js";
import { outgoingOf } from "../numbers/outgoing.js";
import { element, setText } from "../parts/dom.js";
import { explanation } from "../parts/explanation.js";
import { failureText } from "../parts/failure-text.js";
import { perTextFrame } from "../parts/frame.js";
import { tickWhile } from "../parts/tick.js";
import { ChangeMeter, type WorkerChange } from "./change-effect.js";
import { ChangeNote } from "./change-note.js";
import { chooseFault } from "./random-fault.js";
import { ServerForm, type NamedServer } from "./server-form.js";
import { WorkerList } from "./worker-list.js";
import type { WorkerCommands } from "./worker-row.js";
import { rememberServer, specOf } from "./worker-specs.js";
import { WorkerTallies } from "./worker-tallies.js";

/** A worker's own failure is shown in its row and in the log. */
const SHOWN_ELSEWHERE = ["backend-unavailable", "worker-lost", "disposed"];

/** Lists the workers of a sharder, adds, removes, slows and breaks them, and says what a change has brought. */
export class WorkersPanel implements SharderPanel, WorkerCommands {
  readonly root: HTMLElement;
  readonly #host: DashboardHost;
  readonly #isCounted: () => boolean;
  readonly #list = new WorkerList(this);
  readonly #empty = element("p", { class: "muted coming-workers" }, "No workers yet.");
  readonly #backend = element("select", { "data-testid": "backend" });
  readonly #add = element("button", { type: "button", "data-testid": "add-worker" }, "Add worker");
  readonly #break = element("button", { type: "button", "data-testid": "break-random" }, "Break something at random");
  readonly #broken = element("p", { class: "muted", "data-testid": "broken" });
  readonly #note = new ChangeNote((change) => this.#undo(change));
  readonly #update = perTextFrame(() => this.#updateNow());
  #shown: ShownSharder | undefined;
  #tallies: WorkerTallies | undefined;
  #meter = new ChangeMeter();
  readonly #servers: ServerForm;
  /** What makes workers like those that were removed, to add such a one again. */
  readonly #removed = new Map<string, WorkerSpec>();

  /**
   * @param prefix tells the panels of a page apart, in ids.
   * @param isShown whether it is there before there are workers.
   * @param isCounted whether what the sharder runs now is a job of the user's.
   */
  constructor(host: DashboardHost, prefix: string, isShown: boolean, isCounted: () => boolean) {
    this.#host = host;
    this.#isCounted = isCounted;
    this.#backend.id = `${prefix}backend`;
    for (const name of BACKEND_NAMES) this.#backend.append(element("option", { value: name }, name));
    this.#backend.value = "wasm";
    this.#add.addEventListener("click", () => {
      const backend = BACKEND_NAMES.find((name) => name === this.#backend.value);
      if (backend !== undefined) void this.#addWorker({ backend });
    });
    this.#servers = new ServerForm(prefix, {
      test: (server) => this.#testServer(server),
      add: (server) => this.#addWorker({ backend: "remote", ...server }),
    });
    this.#break.addEventListener("click", () => this.#breakAtRandom());
    const titleId = `${prefix}workers-title`;
    this.root = element("section", { class: "panel", "aria-labelledby": titleId, "data-testid": `${prefix}workers` });
    this.root.append(element("h2", { id: titleId }, "Workers"));
    this.root.hidden = !isShown;
    // By default there is one for each core.
    this.#empty.style.setProperty("--worker-count", String(Math.min(8, navigator.hardwareConcurrency)));
    if (isShown) this.#fill();
    this.#updateNow();
  }

  attach(shown: ShownSharder): void {
    const { sharder, signal } = shown;
    this.#shown = shown;
    this.#servers.forget();
    this.#empty.classList.remove("coming-workers");
    this.#tallies = new WorkerTallies(sharder, this.#isCounted, signal);
    this.#meter = new ChangeMeter();
    sharder.addEventListener("attempt", ({ detail }) => this.#count(detail, sharder), { signal });
    for (const type of ["worker", "progress", "rebalance"] as const) {
      sharder.addEventListener(type, () => this.#update(), { signal });
    }
    tickWhile(() => this.#host.isBusy, this.#update, signal);
    if (this.root.hidden) this.#fill();
    this.root.hidden = false;
    this.#updateNow();
  }

  /** A job has started or ended. */
  update(): void {
    this.#update();
  }

  remove(id: string): void {
    const worker = this.#workers.find((each) => each.id === id);
    const sharder = this.#shown?.sharder;
    if (worker === undefined || sharder === undefined) return;
    const spec = specOf(sharder, worker);
    if (spec !== undefined) this.#removed.set(id, spec);
    // One that has stopped made no items any more.
    if (worker.state !== "dead" && worker.state !== "quarantined") this.#change({ kind: "removed", workerId: id });
    void this.#attempt(`${id} could not be removed`, (sharder) => sharder.removeWorker(id));
  }

  slow(id: string, factor: number): void {
    this.#meter.reset(performance.now());
    void this.#attempt(`${id} could not be slowed down`, () => slow(id, factor));
  }

  breakDown(id: string, what: string, cause: () => Promise<void>): void {
    void this.#attempt(`${id}: “${what}” did not work`, cause);
  }

  get #workers(): readonly WorkerSnapshot[] {
    return this.#shown?.sharder.workers ?? [];
  }

  #fill(): void {
    const adding = element(
      "div",
      { class: "adding" },
      element("label", { for: this.#backend.id }, "Backend"),
      this.#backend,
      this.#add,
    );
    const breaking = element("div", { class: "breaking" }, this.#break, this.#broken);
    this.root.append(
      this.#empty,
      this.#list.root,
      this.#note.root,
      adding,
      this.#servers.root,
      breaking,
      explanation("workers"),
    );
  }

  #count(detail: AttemptDetail, sharder: Pick<Sharder, "plan">): void {
    if (!this.#isCounted()) return;
    const { workerId, latencyMs } = detail;
    const endMs = performance.now();
    const itemCount = outgoingOf(() => sharder.plan, detail)?.doneItemCount ?? 0;
    this.#meter.add({ workerId, startMs: endMs - latencyMs, endMs, itemCount });
  }

  #change(change: WorkerChange): void {
    this.#meter.change(change, performance.now());
    this.#update();
  }

  #undo({ kind, workerId }: WorkerChange): void {
    if (kind === "added") this.remove(workerId);
    else void this.#addWorker(this.#removed.get(workerId) ?? { backend: "wasm" });
  }

  /** @returns whether it is there now. */
  async #addWorker(spec: WorkerSpec): Promise<boolean> {
    const isServer = spec.backend === "remote";
    const what = isServer ? "The server" : `A ${spec.backend} worker`;
    const adding = this.#attempt(`${what} could not be added`, async (sharder) => {
      const workerId = await sharder.addWorker(spec);
      if (isServer) rememberServer(sharder, workerId, spec);
      this.#change({ kind: "added", workerId });
    });
    // The worker is already listed while it starts.
    this.#update();
    return adding;
  }

  async #testServer(server: NamedServer): ReturnType<typeof testServer> {
    const model = this.#shown?.sharder.model;
    return testServer({ backend: "remote", ...server }, model);
  }

  #breakAtRandom(): void {
    const chosen = chooseFault(this.#workers, Math.random);
    if (chosen === undefined) {
      setText(this.#broken, "No worker is running that could be broken.");
      return;
    }
    const { worker, fault } = chosen;
    setText(this.#broken, `${worker.id}: ${fault.label.toLowerCase()}. ${fault.hint}`);
    this.breakDown(worker.id, fault.label, async () => fault.cause(worker.id));
  }

  /** @returns whether it has worked. */
  async #attempt(what: string, action: (sharder: Sharder) => Promise<unknown>): Promise<boolean> {
    const { sharder, signal } = this.#shown ?? {};
    if (sharder === undefined) return false;
    let hasWorked = false;
    try {
      await action(sharder);
      hasWorked = true;
    } catch (thrown) {
      const isShown = thrown instanceof ShardError && SHOWN_ELSEWHERE.includes(thrown.code);
      if (!isShown && signal?.aborted !== true) this.#host.fail(what, failureText(thrown));
    }
    this.#update();
    return hasWorked;
  }

  #updateNow(): void {
    const shown = this.#shown;
    const workers = this.#workers;
    this.#add.disabled = shown === undefined;
    this.#servers.update(shown !== undefined);
    this.#break.disabled = !workers.some(({ state }) => state === "ready" || state === "busy");
    this.#empty.hidden = workers.length > 0;
    if (shown === undefined) return;
    this.#list.update(workers, {
      colours: shown.colours,
      one: shown.one,
      plan: shown.sharder.plan,
      isBusy: this.#host.isBusy,
      numbers: shown.numbers.at(),
      tallies: this.#tallies?.read() ?? new Map(),
      focusAfterRemoval: this.#add,
      again: this.#update,
    });
    const isPresent = (id: string): boolean =>
      workers.some((worker) => worker.id === id && worker.state !== "draining");
    this.#note.update(this.#meter.effect, shown.one, isPresent);
  }
}
