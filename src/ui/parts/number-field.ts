import { element, setText } from "./dom.js";

export interface NumberFieldOptions {
  /** Of the input, and of its test. */
  readonly id: string;
  readonly title: string;
  readonly value: number;
  readonly max: number;
  /** What is counted: "a whole number of items from 1 to 1,000,000". */
  readonly unit: string;
  readonly onChange: () => void;
}

/** A field for a whole number from 1 to a greatest one. What is not one is said below the field, in words. */
export class NumberField {
  readonly root: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #problem: HTMLElement;
  readonly #options: NumberFieldOptions;

  constructor(options: NumberFieldOptions) {
    const { id, title, value, max, onChange } = options;
    this.#options = options;
    this.#input = element("input", {
      ...{ id, type: "number", min: "1", max: String(max), value: String(value), "data-testid": id },
      "aria-describedby": `${id}-problem`,
    });
    this.#problem = element("span", { id: `${id}-problem`, class: "field-problem" });
    this.#input.addEventListener("input", () => {
      this.#show();
      onChange();
    });
    this.root = element("div", { class: "field" }, element("label", { for: id }, title), this.#input, this.#problem);
  }

  /** `undefined` if the field holds no such number. */
  get value(): number | undefined {
    const value = this.#input.valueAsNumber;
    return Number.isSafeInteger(value) && value >= 1 && value <= this.#options.max ? value : undefined;
  }

  /** What is wrong with the number; `undefined` if nothing is. */
  get problem(): string | undefined {
    if (this.value !== undefined) return undefined;
    const { unit, max } = this.#options;
    // The browser hides what is no number at all.
    const received = this.#input.value === "" ? "none" : this.#input.value;
    return `Expected a whole number of ${unit} from 1 to ${max.toLocaleString("en")}, received ${received}: correct it.`;
  }

  focus(): void {
    this.#input.focus();
    this.#show();
  }

  #show(): void {
    const { problem } = this;
    this.#input.toggleAttribute("aria-invalid", false);
    if (problem !== undefined) this.#input.setAttribute("aria-invalid", "true");
    setText(this.#problem, problem ?? "");
  }
}
