import { element, setAttribute, setText } from "../parts/dom.js";
import type { QueueEntry } from "./queue-entry.js";
import { sizesText } from "./picture-words.js";

export interface QueueRowCommands {
  /** Show a picture that is finished or under way. */
  show(entry: QueueEntry): void;
  save(entry: QueueEntry): void;
  remove(entry: QueueEntry): void;
  scale(): number;
}

/** One picture of the list: its name, its state and what can be done with it. */
export class QueueRow {
  readonly root: HTMLElement;
  readonly #entry: QueueEntry;
  readonly #commands: QueueRowCommands;
  readonly #state = element("span", { class: "queue-state muted" });
  readonly #show: HTMLButtonElement;
  readonly #save: HTMLButtonElement;

  constructor(entry: QueueEntry, commands: QueueRowCommands) {
    this.#entry = entry;
    this.#commands = commands;
    const { name } = entry.picture;
    const button = (text: string, act: () => void): HTMLButtonElement => {
      const made = element("button", { type: "button", class: "small", "aria-label": `${text} ${name}` }, text);
      made.addEventListener("click", act);
      return made;
    };
    this.#show = button("Show", () => commands.show(entry));
    this.#save = button("Save", () => commands.save(entry));
    const remove = button("Remove", () => commands.remove(entry));
    this.root = element(
      "li",
      { class: "queue-row", "data-testid": "queue-row" },
      element("span", { class: "queue-name", title: entry.picture.path ?? name }, name),
      this.#state,
      element("span", { class: "queue-buttons" }, this.#show, this.#save, remove),
    );
  }

  update(): void {
    const { state, size, reason, result } = this.#entry;
    setAttribute(this.root, "data-state", state);
    const sizes = size === undefined ? "" : sizesText(size, this.#commands.scale());
    const words: Readonly<Record<QueueEntry["state"], string>> = {
      waiting: "waiting",
      running: size === undefined ? "opening …" : `${sizes}, running …`,
      done: result === undefined ? "storing …" : sizes,
      failed: reason,
    };
    setText(this.#state, words[state]);
    this.#show.hidden = result === undefined && state !== "running";
    this.#save.hidden = result === undefined;
  }
}
