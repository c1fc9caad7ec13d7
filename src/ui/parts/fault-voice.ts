import { element } from "./dom.js";

/** Faults often come several at once; they are said together, after this time, ms. */
const GATHER_MS = 700;
/** More than this is not read out one by one. */
const MAX_SENTENCES = 2;

/** A live region, unseen, that says faults and recoveries, and nothing else. */
export class FaultVoice {
  readonly root = element("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  #waiting: string[] = [];

  say(sentence: string): void {
    this.#waiting.push(sentence);
    if (this.#waiting.length > 1) return;
    setTimeout(() => {
      this.root.textContent = spokenText(this.#waiting);
      this.#waiting = [];
    }, GATHER_MS);
  }
}

/** One or two sentences as they are; of more, how many there were and the latest. */
export function spokenText(sentences: readonly string[]): string {
  const latest = sentences.at(-1) ?? "";
  if (sentences.length <= MAX_SENTENCES) return sentences.map((each) => `${each}.`.replace(/\.\.$/, ".")).join(" ");
  return `${sentences.length} reports about faults. The latest: ${latest}.`.replace(/\.\.$/, ".");
}
