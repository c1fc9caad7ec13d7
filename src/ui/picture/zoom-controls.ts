import { element, setText } from "../parts/dom.js";
import { formatPercent } from "../parts/format.js";
import type { Preview } from "./preview.js";

/** Buttons that zoom, and how large the result's pixels are shown. */
export function zoomControls(preview: Preview): HTMLElement {
  const { zoom } = preview;
  const button = (text: string, label: string, act: () => void): HTMLButtonElement => {
    const made = element("button", { type: "button", class: "small", "aria-label": label, title: label }, text);
    made.addEventListener("click", act);
    return made;
  };
  const percent = element("output", { class: "zoom-percent", "data-testid": "zoom" });
  const fit = button("Fit", "Fit the picture into its frame", () => zoom.fit());
  const pixels = button("1:1", "1:1: show the result’s own pixels", () => zoom.to(1));
  preview.onZoom(() => {
    setText(percent, formatPercent(zoom.pixelSize));
    fit.setAttribute("aria-pressed", String(zoom.isFit));
  });
  return element(
    "div",
    { class: "zooming", role: "group", "aria-label": "Zoom" },
    button("−", "Zoom out", () => zoom.out()),
    percent,
    button("+", "Zoom in", () => zoom.in()),
    fit,
    pixels,
  );
}
