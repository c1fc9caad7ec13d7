import { element } from "./dom.js";
import { droppedFiles } from "./dropped-files.js";

export interface FileTarget {
  /** Whether this target wants files now. Several targets can listen at one host. */
  isActive(): boolean;
  onFiles(files: readonly File[]): void;
  /** Nothing that was dropped is a readable file. */
  onNothing(): void;
}

/**
 * Listen for files that are dropped on `host` or pasted anywhere on the page. `host` has the attribute `data-dragging`
 * while something is dragged over it.
 * @param signal removes the listeners.
 */
export function listenForFiles(host: HTMLElement, target: FileTarget, signal: AbortSignal): void {
  const listen = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void): void =>
    host.addEventListener(type, (event) => target.isActive() && act(event), { signal });
  listen("dragover", (event) => {
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
    host.setAttribute("data-dragging", "");
  });
  listen("dragleave", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !host.contains(relatedTarget)) host.removeAttribute("data-dragging");
  });
  listen("drop", (event) => {
    event.preventDefault();
    host.removeAttribute("data-dragging");
    void take(event.dataTransfer);
  });
  const take = async (transfer: DataTransfer | null): Promise<void> => {
    // A file may have been deleted before it is read.
    const files = transfer === null ? [] : await droppedFiles(transfer).catch(() => []);
    if (signal.aborted) return;
    if (files.length > 0) target.onFiles(files);
    else target.onNothing();
  };
  document.addEventListener(
    "paste",
    (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      // Text pasted into a field of the surrounding page must still get there.
      if (!target.isActive() || files.length === 0 || event.defaultPrevented) return;
      // Another element like this one has the focus.
      if (
        event
          .composedPath()
          .some((node) => node !== host && node instanceof HTMLElement && node.localName === host.localName)
      )
        return;
      event.preventDefault();
      target.onFiles(files);
    },
    { signal },
  );
}

/** The style sheet shows it while the host has the attribute `data-dragging`. */
export function dropHint(text: string): HTMLElement {
  return element("div", { class: "drop-hint", "aria-hidden": "true" }, element("span", {}, text));
}
