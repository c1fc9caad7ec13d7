import { element, setText } from "../parts/dom.js";

export interface NumberBounds {
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  /** What an empty field means; left out if it must not be empty. */
  readonly empty?: string;
}

/**
 * Read a whole number that somebody has typed.
 * @returns the number, `undefined` for an empty text where that means something, or what is wrong with it, in words.
 */
export function readNumber(
  text: string,
  { min, max, unit, empty }: NumberBounds,
): { readonly value: number | undefined } | { readonly problem: string } {
  const trimmed = text.trim();
  if (trimmed === "" && empty !== undefined) return { value: undefined };
  const value = Number(trimmed);
  if (trimmed !== "" && Number.isSafeInteger(value) && value >= min && value <= max) return { value };
  const received = trimmed === "" ? "nothing" : `“${trimmed}”`;
  const otherwise = empty === undefined ? "" : `, or leave it empty: ${empty}`;
  return {
    problem: `Expected a whole number from ${min} to ${max} ${unit}, received ${received}: correct it${otherwise}.`,
  };
}

/** A field for a number, with what is wrong with it below. */
export class NumberSetting {
  readonly roots: readonly HTMLElement[];
  readonly #input: HTMLInputElement;
  readonly #problem: HTMLElement;
  readonly #bounds: NumberBounds;
  #value: number | undefined;

  /** @param onChange called with each new value that is within the bounds. */
  constructor(
    id: string,
    title: string,
    bounds: NumberBounds,
    value: number | undefined,
    onChange: (value: number | undefined) => void,
  ) {
    this.#bounds = bounds;
    this.#problem = element("p", { class: "setting-problem", id: `${id}-problem`, hidden: "" });
    this.#input = element("input", {
      type: "text",
      inputmode: "numeric",
      class: "short",
      id,
      "data-testid": id,
      autocomplete: "off",
      placeholder: bounds.empty ?? "",
    });
    this.#input.addEventListener("change", () => {
      const read = readNumber(this.#input.value, this.#bounds);
      const problem = "problem" in read ? read.problem : "";
      setText(this.#problem, problem);
      this.#problem.hidden = problem === "";
      this.#input.setAttribute("aria-invalid", String(problem !== ""));
      if (problem === "") this.#input.removeAttribute("aria-describedby");
      else this.#input.setAttribute("aria-describedby", this.#problem.id);
      if ("problem" in read || read.value === this.#value) return;
      this.#value = read.value;
      onChange(read.value);
    });
    this.show(value);
    const field = element("div", { class: "field" }, element("label", { for: id }, title), this.#input);
    this.roots = [field, this.#problem];
  }

  /** Another value, that nobody has typed. */
  show(value: number | undefined): void {
    this.#value = value;
    this.#input.value = value === undefined ? "" : String(value);
  }
}
