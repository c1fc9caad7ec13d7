import { setWorkerUrl, type Sharder } from "../index.js";
import { controlStyles } from "./element-controls.js";
import { elementSheet } from "./element-styles.js";
import { EmittingElement } from "./emitting-element.js";
import { ElementLife } from "./element-life.js";
import {
  OPTION_NAMES,
  PROPERTY_NAMES,
  readAutorun,
  readJob,
  readSplit,
  type JobKind,
  type SplitKind,
} from "./element-options.js";
import type { JobStatus } from "./job-view.js";
import { ASK_FIRST } from "./linked-addresses.js";

const WORKER_URL = "worker-url";

/**
 * `<inference-sharder>`: enlarges a picture on all the compute of the machine, or runs the user's own model, and shows how.
 *
 * It loads its model and starts its workers when it is added to a page, and ends them when it is removed; moving it within the page
 * disturbs nothing. Each attribute but the last three has a property of the same name that reflects it; changes take effect at once.
 *
 * | attribute | |
 * |---|---|
 * | `job` | "picture" (default) or "model": which tab is shown, and what the methods control |
 * | `model` | address of the model: of one that enlarges pictures (default: the bundled one), or of any model with `job="model"` |
 * | `src` | address of the picture to enlarge first; default: `sample`, which is the bundled sample unless it is empty |
 * | `workers` | "auto" (default), or one backend per worker: "wasm,wasm,webgl" |
 * | `split` | "auto" (default), "batch" or "layers" |
 * | `autorun` | "false": nothing is loaded before the user presses Run or chooses a picture, or `run()` is called |
 * | `controls` | names of the panels that are shown, separated by spaces; "none" leaves the picture and its progress; absent: all |
 * | `tile` | side of the tiles in pixels; default: by the picture's size |
 * | `embed` | hides the heading |
 * | `worker-url` | as `setWorkerUrl`, for the whole page |
 *
 * The events are those of `InferenceSharderEventMap`.
 */
export class InferenceSharderElement
  extends EmittingElement
  implements Readonly<Record<(typeof PROPERTY_NAMES)[number], unknown>>
{
  static readonly observedAttributes: readonly string[] = [...OPTION_NAMES, ASK_FIRST, WORKER_URL];

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #changed = new Set<string>();
  #controlSheet: CSSStyleSheet | undefined;
  #life: ElementLife | undefined;
  #sharder: Sharder | undefined;

  /**
   * A sharder of the host's own for the job that is shown. It is not ended with the element. For `job="picture"` its model has to be one that
   * enlarges pictures. `undefined`, the default: the element makes its own. `model` says where its model is, so that the speed-up can be measured.
   */
  get sharder(): Sharder | undefined {
    return this.#sharder;
  }

  set sharder(sharder: Sharder | undefined) {
    this.#sharder = sharder;
    this.#life?.lend(sharder);
  }

  get model(): string {
    return this.getAttribute("model") ?? "";
  }

  set model(address: string) {
    this.setAttribute("model", address);
  }

  get src(): string {
    return this.getAttribute("src") ?? "";
  }

  set src(address: string) {
    this.setAttribute("src", address);
  }

  get sample(): string | null {
    return this.getAttribute("sample");
  }

  set sample(address: string | null) {
    this.#reflect("sample", address);
  }

  get workers(): string {
    return this.getAttribute("workers") ?? "auto";
  }

  set workers(backends: string) {
    this.setAttribute("workers", backends);
  }

  get split(): SplitKind {
    return readSplit(this);
  }

  set split(split: SplitKind) {
    this.setAttribute("split", split);
  }

  get job(): JobKind {
    return readJob(this);
  }

  set job(job: JobKind) {
    this.setAttribute("job", job);
  }

  get autorun(): boolean {
    return readAutorun(this);
  }

  set autorun(isOn: boolean) {
    this.#reflect("autorun", isOn ? null : "false");
  }

  /** `null`: all panels. */
  get controls(): string | null {
    return this.getAttribute("controls");
  }

  set controls(names: string | null) {
    this.#reflect("controls", names);
  }

  /** How the shown job is doing. */
  get status(): JobStatus {
    return this.#life?.job.status ?? { job: this.job, state: "waiting", fraction: 0, workerCount: 0 };
  }

  /** Start the shown job, or its last one again. @param picture what to run it on, instead of what it has been run on. */
  run(picture?: Blob): void {
    this.#life?.job.run(picture);
  }

  pause(): void {
    this.#life?.job.pause();
  }

  resume(): void {
    this.#life?.job.resume();
  }

  cancel(): void {
    this.#life?.job.cancel();
  }

  connectedCallback(): void {
    // Otherwise it has only been moved.
    if (this.#life !== undefined) return;
    this.#takeEarlyProperties();
    this.#controlSheet = new CSSStyleSheet();
    this.#root.adoptedStyleSheets = [elementSheet(), this.#controlSheet];
    this.#showControls();
    this.#readWorkerUrl();
    this.#life = new ElementLife(this, this.#root, this.#sharder);
  }

  disconnectedCallback(): void {
    // A move within the page disconnects and connects it in one go.
    queueMicrotask(() => this.isConnected || this.#end());
  }

  /** It then moves within the page without having been disconnected (`moveBefore`). */
  connectedMoveCallback(): void {}

  /** Style sheets belong to one document. */
  adoptedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || this.#life === undefined) return;
    if (this.#changed.size === 0) queueMicrotask(() => this.#update());
    this.#changed.add(name);
  }

  /** What was changed together takes effect together. */
  #update(): void {
    const names = new Set(this.#changed);
    this.#changed.clear();
    if (names.has("controls")) this.#showControls();
    if (names.has(WORKER_URL)) this.#readWorkerUrl();
    this.#life?.update(names);
  }

  #end(): void {
    this.#life?.end();
    this.#life = undefined;
    this.#root.replaceChildren();
  }

  #showControls(): void {
    this.#controlSheet?.replaceSync(controlStyles(this.controls));
  }

  #readWorkerUrl(): void {
    const address = this.getAttribute(WORKER_URL);
    if (address) setWorkerUrl(address);
  }

  #reflect(name: string, value: string | null): void {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, value);
  }

  /** Properties that were set before the element was defined hide the accessors. */
  #takeEarlyProperties(): void {
    for (const name of ["sharder", ...PROPERTY_NAMES] as const) {
      const early = Object.getOwnPropertyDescriptor(this, name);
      if (early === undefined) continue;
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, early.value);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "inference-sharder": InferenceSharderElement;
  }
}
