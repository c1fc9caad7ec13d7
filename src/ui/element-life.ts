import type { Sharder } from "../index.js";
import { readAutorun, readJob, type JobKind } from "./element-options.js";
import type { JobView } from "./job-view.js";
import { layOutPage } from "./layout.js";
import { ASK_FIRST, askingText } from "./linked-addresses.js";
import { ModelView } from "./model/model-view.js";
import { storageName } from "./parts/storage-place.js";
import { Tabs } from "./parts/tabs.js";
import { PictureTab } from "./picture-tab.js";

const JOBS: readonly JobKind[] = ["picture", "model"];

/** What the element is between being added to a page and being removed from it. */
export class ElementLife {
  readonly #host: HTMLElement;
  readonly #end = new AbortController();
  readonly #tabs: Tabs;
  readonly #pictures: PictureTab;
  readonly #modelPanel: HTMLElement;
  readonly #modelStorage: string;
  #models: ModelView;
  #modelsEnd = new AbortController();
  #lent: Sharder | undefined;
  /** The job that the attribute `model` was written for. The user may look at the other one meanwhile. */
  #modelJob: JobKind;
  /** The address of the model that pictures are enlarged with; empty: the bundled one. */
  #pictureModel: string;

  /**
   * @param host has the attributes; the user's choice of a tab is written to `job`.
   * @param lent the host's own sharder, if it has one.
   */
  constructor(host: HTMLElement, root: ShadowRoot, lent: Sharder | undefined) {
    this.#host = host;
    this.#lent = lent;
    const specs = [
      { id: "picture", title: "Enlarge a picture" },
      { id: "model", title: "Your own model" },
    ];
    this.#tabs = new Tabs(specs, (index) => this.#shown(JOBS[index] ?? "picture"));
    const [picturePanel, modelPanel] = this.#tabs.panels as [HTMLElement, HTMLElement];
    const own = (name: string): string => storageName(name, host, this.#end.signal);
    const pictures = { journal: `page: ${own("picture")}`, cache: `inference-sharder/${own("pictures")}` };
    this.#modelStorage = own("model");
    const toModel = (files: readonly File[]): void => {
      this.#tabs.show(JOBS.indexOf("model"));
      this.#models.choice.take(files);
    };
    this.#pictures = new PictureTab(host, picturePanel, toModel, pictures, this.#end.signal);
    this.#modelPanel = modelPanel;
    this.#models = this.#openModels();
    root.replaceChildren(layOutPage(this.#tabs));
    const job = readJob(host);
    this.#modelJob = job;
    this.#pictureModel = this.#namedForPictures();
    if (job === "picture") this.#startPictures();
    else this.#tabs.show(JOBS.indexOf(job));
    if (job === "model") this.#loadModel(readAutorun(host));
    void this.#models.offerInterrupted().then((isOffered) => isOffered && this.#tabs.show(1));
  }

  /** The job whose tab is shown. */
  get job(): JobView {
    return (readJob(this.#host) === "picture" ? this.#pictures.view : undefined) ?? this.#models;
  }

  /** The attributes with these names have changed. */
  update(names: ReadonlySet<string>): void {
    const job = readJob(this.#host);
    if (names.has("job")) this.#tabs.show(JOBS.indexOf(job));
    if (names.has("model")) this.#modelJob = job;
    // A model for the other tab is nothing to the pictures.
    const before = this.#pictureModel;
    this.#pictureModel = this.#namedForPictures();
    const isOther =
      this.#pictureModel !== before || ["workers", "split", "tile", ASK_FIRST].some((name) => names.has(name));
    if (isOther && this.#pictures.view !== undefined) this.#startPictures();
    else if (names.has("src") || names.has("sample")) void this.#pictures.showSource();
    if (job === "model" && ["model", ASK_FIRST].some((name) => names.has(name))) this.#loadModel(true);
    else if (["workers", "split"].some((name) => names.has(name))) this.#models.choice.reload();
  }

  /** Use the host's own sharder for the job that is shown from now on; `undefined`: one of the element's own, wherever a lent one is used. */
  lend(sharder: Sharder | undefined): void {
    this.#lent = sharder;
    const isModel = readJob(this.#host) === "model";
    if (sharder !== undefined) return isModel ? this.#loadModel(true) : this.#startPictures();
    if (this.#pictures.isLent) this.#startPictures();
    if (!this.#models.isLent) return;
    this.#models.close();
    this.#modelsEnd.abort();
    this.#models = this.#openModels();
    if (isModel) this.#loadModel(true);
  }

  end(): void {
    this.#models.close();
    this.#end.abort();
  }

  #openModels(): ModelView {
    this.#modelsEnd = new AbortController();
    const signal = AbortSignal.any([this.#end.signal, this.#modelsEnd.signal]);
    const view = new ModelView(this.#host, () => !this.#modelPanel.hidden, this.#modelStorage, signal);
    this.#modelPanel.replaceChildren(...view.roots);
    return view;
  }

  /** Where the model of a lent sharder is, if the host says it. */
  get #lentModel(): string | undefined {
    return this.#host.hasAttribute(ASK_FIRST) ? undefined : this.#host.getAttribute("model") || undefined;
  }

  /** A tab has been chosen, by the user or by the attribute. Pictures are not loaded before somebody looks at them. */
  #shown(job: JobKind): void {
    if (job === "picture" && this.#pictures.view === undefined) this.#startPictures();
    if (readJob(this.#host) !== job) this.#host.setAttribute("job", job);
  }

  #namedForPictures(): string {
    return this.#modelJob === "picture" ? (this.#host.getAttribute("model") ?? "") : "";
  }

  #startPictures(): void {
    const lent = readJob(this.#host) === "picture" ? this.#lent : undefined;
    const hasOwnModel = this.#modelJob === "picture";
    this.#pictures.start({ lent, lentModel: hasOwnModel ? this.#lentModel : undefined, hasOwnModel });
  }

  #loadModel(isWanted: boolean): void {
    const address = this.#host.getAttribute("model");
    const asked = this.#host.getAttribute(ASK_FIRST);
    if (this.#lent !== undefined)
      this.#models.choice.use(this.#lent, this.#modelJob === "model" ? this.#lentModel : undefined);
    else if (address && isWanted && asked !== null) this.#askFirst(asked);
    else if (address && isWanted) this.#models.choice.load(address);
  }

  /** The change of the attributes loads the model, or leaves it. */
  #askFirst(asked: string): void {
    const answer = (drops: readonly string[]) => () => {
      for (const name of [...drops, ASK_FIRST]) this.#host.removeAttribute(name);
    };
    this.#models.choice.ask(askingText(asked), answer([]), answer(["model", "src", "sample"]));
  }
}
