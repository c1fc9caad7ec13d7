import { asControl } from "./element-controls.js";
import { element } from "./parts/dom.js";
import type { Tabs } from "./parts/tabs.js";

/** The page around the tabs' panels. */
export function layOutPage(tabs: Tabs): HTMLElement {
  const header = element("header", { class: "header" }, element("h1", {}, "Inference sharder"));
  return element(
    "div",
    { class: "page" },
    asControl("header", header),
    element("main", {}, asControl("tabs", tabs.list), ...tabs.panels),
  );
}
