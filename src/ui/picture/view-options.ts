import { element } from "../parts/dom.js";
import type { Preview } from "./preview.js";
import { zoomControls } from "./zoom-controls.js";

/** The controls below the picture: when tiles are tinted, the zoom, and a button that shows the original. */
export function viewOptions(preview: Preview): HTMLElement {
  const tints = element(
    "select",
    { id: "tints", "data-testid": "tint-choice" },
    element("option", { value: "running" }, "while it runs"),
    element("option", { value: "always" }, "always"),
    element("option", { value: "never" }, "never"),
  );
  tints.addEventListener("change", () => {
    const { value } = tints;
    if (value === "running" || value === "always" || value === "never") preview.setTints(value);
  });
  return element(
    "div",
    { class: "view-options" },
    element("label", { for: "tints" }, "Show each worker’s tiles"),
    tints,
    zoomControls(preview),
    holdButton((isHeld) => preview.showOriginal(isHeld)),
  );
}

/** Acts while it is held down by the pointer, Space or Enter. */
function holdButton(onHold: (isHeld: boolean) => void): HTMLButtonElement {
  const button = element(
    "button",
    { type: "button", "aria-pressed": "false", "data-testid": "hold" },
    "Hold for original",
  );
  const hold = (isHeld: boolean): void => {
    button.setAttribute("aria-pressed", String(isHeld));
    onHold(isHeld);
  };
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    hold(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => hold(false));
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) hold(true);
  });
  button.addEventListener("keyup", () => hold(false));
  // A long press must not open a menu.
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  return button;
}
