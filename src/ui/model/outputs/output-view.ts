import { element } from "../../parts/dom.js";
import { formatShape } from "../model-text.js";
import { boxesView, maskView, ORDERS, pictureView, pointsView } from "./canvas-view.js";
import { findPoints } from "./find-points.js";
import { VIEW_TITLES, viewsOf, type ViewKind } from "./guess-view.js";
import { isNumeric, type ItemOutput } from "./item-output.js";
import { classesView, tableView } from "./text-view.js";
import type { ViewContext } from "./view-context.js";

/** What the user chose for an output; it holds for all items. */
interface Choice {
  view?: ViewKind;
  order?: string;
}

/** One output of the item on show, with the choice of how to look at it. */
export class OutputView {
  readonly root = element("div", { class: "output-view", "data-testid": "output-view" });
  readonly #title = element("h3");
  readonly #shape = element("span", { class: "muted" });
  readonly #view: HTMLSelectElement;
  readonly #order: HTMLSelectElement;
  readonly #body = element("div", { class: "output-body" });
  readonly #choice: Choice = {};
  #shown: { readonly output: ItemOutput; readonly context: ViewContext } | undefined;

  /** @param id of the controls, unlike any other's. */
  constructor(id: string, name: string) {
    this.#title.textContent = name;
    this.#view = element("select", { id: `${id}-view`, class: "small", "aria-label": `Show ${name} as` });
    this.#order = element("select", {
      id: `${id}-order`,
      class: "small",
      "aria-label": `Order of the numbers of ${name}`,
    });
    this.#view.addEventListener("change", () => {
      this.#choice.view = this.#view.value as ViewKind;
      this.#draw();
    });
    this.#order.addEventListener("change", () => {
      this.#choice.order = this.#order.value;
      this.#draw();
    });
    const head = element("div", { class: "output-head" }, this.#title, this.#shape, this.#view, this.#order);
    this.root.append(head, this.#body);
  }

  /** Whether it is shown as more than its numbers. */
  get isTelling(): boolean {
    return this.root.getAttribute("data-view") !== "table";
  }

  show(output: ItemOutput, context: ViewContext): void {
    this.#shown = { output, context };
    const { dtype, shape } = output;
    this.#shape.textContent = shape.length === 0 ? dtype : `${dtype}, ${formatShape(shape)}`;
    this.#draw();
  }

  #draw(): void {
    if (this.#shown === undefined) return;
    const { output, context } = this.#shown;
    const views = viewsOf(output, context.outputs, context.labels?.length);
    const { view: chosen } = this.#choice;
    const view = chosen !== undefined && views.includes(chosen) ? chosen : views[0]!;
    offer(this.#view, Object.fromEntries(views.map((kind) => [kind, VIEW_TITLES[kind]])), view);
    this.#view.hidden = views.length < 2;
    const orders: Readonly<Record<string, string>> = view === "boxes" || view === "points" ? ORDERS[view] : {};
    const order = this.#orderFor(view, output, orders);
    offer(this.#order, orders, order);
    this.#order.hidden = order === "";
    this.root.setAttribute("data-view", view);
    this.#body.replaceChildren(...render(view, order, output, context));
  }

  #orderFor(view: ViewKind, output: ItemOutput, orders: Readonly<Record<string, string>>): string {
    const { order } = this.#choice;
    if (order !== undefined && order in orders) return order;
    if (view === "points" && isNumeric(output)) return findPoints(output)?.order ?? "xy";
    return Object.keys(orders)[0] ?? "";
  }
}

function render(view: ViewKind, order: string, output: ItemOutput, context: ViewContext): HTMLElement[] {
  if (!isNumeric(output)) return tableView(output);
  switch (view) {
    case "classes":
      return classesView(output, context.labels);
    case "picture":
      return pictureView(output);
    case "mask":
      return maskView(output, context);
    case "boxes":
      return boxesView(context, isOf(ORDERS.boxes, order) ? order : "yxyx");
    case "points":
      return pointsView(output, context, isOf(ORDERS.points, order) ? order : "xy");
    case "table":
      return tableView(output);
  }
}

function isOf<T extends object>(entries: T, key: string): key is Extract<keyof T, string> {
  return Object.hasOwn(entries, key);
}

/** Leaves an unchanged list alone, so that an open one stays open. */
function offer(select: HTMLSelectElement, entries: Readonly<Record<string, string>>, value: string): void {
  const keys = Object.keys(entries);
  if (keys.join() !== [...select.options].map((option) => option.value).join()) {
    select.replaceChildren(...keys.map((key) => element("option", { value: key }, entries[key]!)));
  }
  select.value = value;
}
