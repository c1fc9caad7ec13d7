import { findPictureInput, type ModelInfo, type ModelLabels } from "../../../index.js";
import { element, setText } from "../../parts/dom.js";
import { freeSizeFor, type RunRequest } from "../model-request.js";
import { pictureAxesOf } from "../picture-choice.js";
import type { OutputStore } from "./output-store.js";
import { OutputView } from "./output-view.js";
import type { PictureBehind } from "./picture-behind.js";

/** A run whose outputs are looked at. */
export interface ViewedRun {
  readonly store: OutputStore;
  readonly request: RunRequest;
  readonly model: ModelInfo;
  readonly labels: ModelLabels | undefined;
}

/** Shows the outputs of one item as what they are, and goes from item to item. */
export class ItemViewer {
  readonly root: HTMLElement;
  readonly #previous = element("button", { type: "button", class: "small", "aria-label": "Previous item" }, "←");
  readonly #next = element("button", { type: "button", class: "small", "aria-label": "Next item" }, "→");
  readonly #number = element("input", {
    ...{ id: "item-number", type: "number", min: "1", value: "1", "data-testid": "item-number" },
  });
  readonly #of = element("span", { class: "muted" });
  readonly #name = element("strong", { "data-testid": "item-name" });
  readonly #body = element("div", { class: "output-views" });
  readonly #others = element("details", { class: "output-others" });
  #run: ViewedRun | undefined;
  /** Behind the outputs on show, which are drawn again when another view of them is chosen. */
  #picture: PictureBehind | undefined;
  #views = new Map<string, OutputView>();
  /** From 0. */
  #index = 0;
  /** Counts what was asked to be shown: an earlier answer may come later. */
  #asked = 0;

  constructor() {
    this.#previous.addEventListener("click", () => this.show(this.#index - 1));
    this.#next.addEventListener("click", () => this.show(this.#index + 1));
    this.#number.addEventListener("change", () => this.show(this.#number.valueAsNumber - 1));
    const label = element("label", { for: "item-number", class: "muted" }, "Item");
    this.root = element(
      "div",
      { class: "item-viewer", role: "group", "aria-label": "One item’s outputs" },
      element("div", { class: "item-head" }, this.#previous, label, this.#number, this.#of, this.#next, this.#name),
      this.#body,
    );
  }

  /** Look at another run, from its first item on. */
  open(run: ViewedRun): void {
    this.#run = run;
    this.#index = 0;
    this.#views = new Map();
    this.#body.replaceChildren();
    this.update();
    void this.#draw();
  }

  /** Let go of the run's outputs. */
  close(): void {
    this.#asked++;
    this.#run = undefined;
    this.#views = new Map();
    this.#usePicture(undefined);
    this.#body.replaceChildren();
  }

  /** More items have come. */
  update(): void {
    const count = this.#run?.store.itemCount ?? 0;
    setText(this.#of, `of ${count.toLocaleString("en")}`);
    this.#number.max = String(count);
    const hadFocus = [this.#previous, this.#next].some((button) => button.matches(":focus"));
    this.#previous.disabled = this.#index <= 0;
    this.#next.disabled = this.#index >= count - 1;
    // At either end the pressed button is disabled, and the focus would fall to the top of the page.
    const isLost = hadFocus && [this.#previous, this.#next].every((button) => !button.matches(":focus:enabled"));
    if (isLost) ([this.#previous, this.#next].find((button) => !button.disabled) ?? this.#number).focus();
    if (this.#views.size === 0 && count > 0) void this.#draw();
  }

  /** @param index of the item, from 0; what is none shows the nearest. */
  show(index: number): void {
    const count = this.#run?.store.itemCount ?? 0;
    this.#index = Math.max(0, Math.min(count - 1, Number.isFinite(index) ? Math.trunc(index) : this.#index));
    this.update();
    void this.#draw();
  }

  /** Pictures, boxes, classes … first. Mere numbers are folded away beside them. */
  #place(views: readonly OutputView[]): void {
    const telling = views.filter(({ isTelling }) => isTelling);
    const others = views.filter(({ isTelling }) => !isTelling);
    const isShort = telling.length === 0 || others.length <= 1;
    const roots = isShort ? [...telling, ...others] : telling;
    if (!isShort) {
      this.#others.replaceChildren(
        element("summary", {}, `${others.length} more outputs, as numbers`),
        ...others.map(({ root }) => root),
      );
    }
    const wanted = [...roots.map(({ root }) => root), ...(isShort ? [] : [this.#others])];
    const isSame =
      wanted.length === this.#body.childElementCount && wanted.every((each, i) => each === this.#body.children[i]);
    // Moving elements would take the focus from a select in them.
    if (!isSame) this.#body.replaceChildren(...wanted);
  }

  async #draw(): Promise<void> {
    const run = this.#run;
    const index = this.#index;
    if (run === undefined || run.store.itemCount === 0) return;
    const asked = ++this.#asked;
    const { store, request, model, labels } = run;
    this.#number.value = String(index + 1);
    const inputSize = inputSizeOf(model, request);
    const [outputs, picture] = await Promise.all([store.item(index), pictureOf(request, index, inputSize)]);
    if (asked !== this.#asked) {
      picture?.bitmap.close();
      return;
    }
    this.#usePicture(picture);
    setText(this.#name, store.nameOf(index));
    const failure = store.failureOf(index);
    const context = { outputs, labels: labels?.labels, picture, inputSize };
    const views = outputs.map((output, place) => {
      const view = this.#views.get(output.name) ?? new OutputView(`output-${place}`, output.name);
      this.#views.set(output.name, view);
      view.show(output, context);
      return view;
    });
    if (failure === undefined) this.#place(views);
    else this.#body.replaceChildren(element("p", { class: "worker-error" }, failure));
  }

  /** The bitmap of the item before is released. */
  #usePicture(picture: PictureBehind | undefined): void {
    this.#picture?.bitmap.close();
    this.#picture = picture;
  }
}

function inputSizeOf(model: ModelInfo, request: RunRequest): { width: number; height: number } | undefined {
  const input = findPictureInput(model);
  if (input === undefined || !input.hasChannelAxis) return undefined;
  const { width, height } = pictureAxesOf(model);
  const freeSize = freeSizeFor(request.sizes);
  return {
    width: input.width === -1 ? freeSize(input.name, width) : input.width,
    height: input.height === -1 ? freeSize(input.name, height) : input.height,
  };
}

async function pictureOf(
  request: RunRequest,
  index: number,
  size: { width: number; height: number } | undefined,
): Promise<PictureBehind | undefined> {
  const file = request.kind === "pictures" ? request.pictures[index] : undefined;
  if (file === undefined || size === undefined || request.kind !== "pictures") return undefined;
  try {
    return { bitmap: await createImageBitmap(file), fit: request.fit, ...size };
  } catch {
    // It was no picture, and the item's failure says so.
    return undefined;
  }
}
