import type { ModelInfo, TensorSpec } from "../../index.js";
import { element, setText } from "../parts/dom.js";
import { failureText } from "../parts/failure-text.js";
import { formatCount } from "../parts/format.js";
import { freeAxesOf, sizeKey, type FreeSizes } from "./model-request.js";
import { formatShape } from "./model-text.js";

/** One input of the model, and the file that was chosen for it. */
interface Row {
  readonly root: HTMLElement;
  readonly spec: TensorSpec;
  readonly status: HTMLElement;
  file: File | undefined;
  /** What the file holds; `undefined` while it is being read, and if it doesn't fit. */
  read: { readonly itemCount: number; readonly shape: readonly number[] } | undefined;
}

/** Chooses a file of numbers for each input of the model. What doesn't fit is said beside its input at once. */
export class TensorInputs {
  readonly root = element("div", { class: "fields" });
  readonly #onChange: () => void;
  #rows: Row[] = [];

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  offer(model: ModelInfo): void {
    this.#rows = model.inputs.map((spec, index) => this.#newRow(spec, index));
    this.root.replaceChildren(
      ...this.#rows.map(({ root }) => root),
      element(
        "p",
        { class: "muted" },
        "A table (.csv, .tsv) with one item per row, or an array (.npy) with one item per row of its first axis. An archive of arrays (.npz) gives each input the array of its name.",
        ...(model.inputs.length > 1 ? [" Inputs without a file get random numbers."] : []),
      ),
    );
  }

  /** Give dropped files to the inputs that they are named for, else to the first ones without a file. */
  use(files: readonly File[]): void {
    for (const file of files) {
      if (isArchive(file)) {
        void this.#useArchive(file);
        continue;
      }
      const row = this.#rowNamed(file) ?? this.#rows.find((each) => each.file === undefined) ?? this.#rows[0];
      if (row !== undefined) void this.#read(row, file);
    }
  }

  /** The files by input, and the sizes in them that the model leaves free; `undefined` unless there is a file, and all are read and fit. */
  get chosen():
    | { readonly files: Readonly<Record<string, File>>; readonly itemCount: number; readonly sizes: FreeSizes }
    | undefined {
    const given = this.#rows.filter(({ file }) => file !== undefined);
    const fitting = given.flatMap(({ spec, file, read }) => (file && read ? [{ spec, file, read }] : []));
    if (given.length === 0 || fitting.length < given.length) return undefined;
    const sizes = fitting.flatMap(({ spec, read }) =>
      freeAxesOf({ inputs: [spec] }).flatMap((axis): [string, number][] => {
        const size = read.shape[axis.axis];
        return size === undefined ? [] : [[sizeKey(axis), size]];
      }),
    );
    return {
      files: Object.fromEntries(fitting.map(({ spec, file }) => [spec.name, file])),
      itemCount: Math.max(...fitting.map(({ read }) => read.itemCount)),
      sizes: Object.fromEntries(sizes),
    };
  }

  /** Whether an input may be left without a file, and get random numbers. */
  get isPartial(): boolean {
    return this.#rows.length > 1 && this.#rows.some(({ file }) => file === undefined);
  }

  /** The row of the input that a file is called after. */
  #rowNamed({ name }: File): Row | undefined {
    const stem = name.replace(/\.\w+$/, "").toLowerCase();
    return this.#rows.find(({ spec }) => spec.name.replace(/:\d+$/, "").toLowerCase() === stem);
  }

  #newRow(spec: TensorSpec, index: number): Row {
    const id = `model-tensor-${index}`;
    const input = element("input", {
      ...{ id, type: "file", accept: ".csv,.tsv,.npy,.npz", class: "visually-hidden", "data-testid": id },
      "aria-describedby": `${id}-status`,
    });
    const status = element("span", {
      id: `${id}-status`,
      class: "muted",
      role: "status",
      "data-testid": `${id}-status`,
    });
    const title = element("span", { class: "tensor-input" }, `${spec.name}: ${spec.dtype}, ${formatShape(spec.shape)}`);
    const button = element(
      "label",
      { class: "button" },
      input,
      `Choose a file`,
      element("span", { class: "visually-hidden" }, ` for ${spec.name}`),
    );
    const root = element("div", { class: "fields" }, title, element("div", { class: "buttons" }, button, status));
    const row: Row = { spec, status, root, file: undefined, read: undefined };
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file !== undefined && isArchive(file)) void this.#useArchive(file, row);
      else if (file !== undefined) void this.#read(row, file);
      input.value = "";
    });
    return row;
  }

  /** @param row of the input for which it was chosen, where any problem is said. */
  async #useArchive(file: File, row = this.#rows[0]): Promise<void> {
    if (row === undefined) return;
    this.#say(row, `Unpacking ${file.name} …`);
    try {
      const { filesInNpz } = await import("./tensors/read-npz.js");
      const files = await filesInNpz(file);
      this.#say(row, "");
      // A single array needs no name.
      if (files.length === 1) return await this.#read(row, files[0]!);
      // Beside the inputs, an archive may hold labels or weights of items.
      const named = files.filter((each) => this.#rowNamed(each) !== undefined);
      if (named.length > 0 || files.length <= this.#rows.length) return this.use(named.length > 0 ? named : files);
      const wanted = this.#rows.map(({ spec }) => `"${spec.name}"`).join(", ");
      const received = files.map(({ name }) => `"${name.replace(/\.npy$/, "")}"`).join(", ");
      const text = `Expected arrays called ${wanted} in ${file.name}, received ${received}: save them by these names, as numpy.savez(file, name=array) does.`;
      this.#say(row, text, true);
    } catch (thrown) {
      this.#say(row, failureText(thrown), true);
    }
  }

  async #read(row: Row, file: File): Promise<void> {
    row.file = file;
    row.read = undefined;
    this.#say(row, `Reading ${file.name} …`);
    try {
      const { checkTensorFile } = await import("./tensors/check-tensor-file.js");
      const { itemCount, shape } = await checkTensorFile(file, row.spec);
      if (row.file !== file) return;
      row.read = { itemCount, shape };
      this.#say(row, `${file.name}: ${formatCount(itemCount, "item")}, ${shape.join("\u00a0×\u00a0")}`);
    } catch (thrown) {
      if (row.file === file) this.#say(row, failureText(thrown), true);
    }
  }

  #say(row: Row, text: string, isProblem = false): void {
    setText(row.status, text);
    row.status.classList.toggle("field-problem", isProblem);
    this.#onChange();
  }
}

function isArchive({ name }: File): boolean {
  return /\.npz$/i.test(name);
}
