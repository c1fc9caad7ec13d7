import { formatPercent } from "../parts/format.js";
import { PROGRESS_SHOWN, type ProgressText } from "../parts/progress-view.js";

/** A title changes no more often, ms: it goes through the browser to the tab. */
const TITLE_MS = 1_000;
/** How long the result stays in the title of a page that is seen, ms. */
const RESULT_MS = 5_000;

/**
 * Show the progress of the page's jobs in its title, as "42 %, 12 s left – Inference sharder", so that a tab in the background shows
 * it too. What became of the job stays in the title until the page has been seen for some seconds. Only the page that is an
 * element and little else does this; an element in another page leaves its title alone.
 *
 * @param root of the element.
 */
export function showProgressInTitle(root: EventTarget): void {
  const ownTitle = document.title;
  /** The panel whose job is under way. */
  let busy: EventTarget | null = null;
  let restoring: ReturnType<typeof setTimeout> | undefined;
  let shownAtMs = -Infinity;
  const show = (text: string): void => {
    clearTimeout(restoring);
    shownAtMs = performance.now();
    const title = text === "" ? ownTitle : `${text} – ${ownTitle}`;
    if (document.title !== title) document.title = title;
  };
  const restoreSoon = (): void => {
    clearTimeout(restoring);
    if (busy === null && !document.hidden) restoring = setTimeout(() => show(""), RESULT_MS);
  };
  root.addEventListener(PROGRESS_SHOWN, (event) => {
    if (!isProgress(event)) return;
    const text = progressTitle(event.detail);
    if (text !== undefined) {
      if (busy === event.target && performance.now() - shownAtMs < TITLE_MS) return;
      busy = event.target;
      show(text);
    } else if (busy === event.target) {
      busy = null;
      show(event.detail.isOver === true ? event.detail.headline : "");
      restoreSoon();
    }
  });
  document.addEventListener("visibilitychange", restoreSoon);
}

/** "42 %, 12 s left" while a job is under way, or what is being done as long as nobody knows how far it is; `undefined` if none is. */
export function progressTitle({ fraction, headline, detail, isOver = false }: ProgressText): string | undefined {
  if (isOver || fraction === 0) return undefined;
  if (fraction === undefined) return headline;
  const timeLeft = detail.split(" · ").find((part) => part.endsWith(" left"));
  return [formatPercent(fraction), ...(timeLeft === undefined ? [] : [timeLeft])].join(", ");
}

function isProgress(event: Event): event is CustomEvent<ProgressText> {
  return event instanceof CustomEvent;
}
