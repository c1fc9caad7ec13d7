import { ShardError } from "../../src/core/errors.js";
import { messageOf } from "../../src/protocol/error-record.js";
import type { StoredType } from "./convert-values.js";
import { checkExpansion, damaged } from "./limits.js";

type Module = Awaited<typeof import("h5wasm").ready>;
type Metadata = ReturnType<Module["get_dataset_metadata"]>;

/**
 * Load and start libhdf5. Cheap after the first time.
 * @throws ShardError "backend-unavailable" where the page's policy forbids WebAssembly.
 */
export async function startHdf5(): Promise<Module> {
  // Five megabytes that a zip does not need.
  const { ready } = await import("h5wasm");
  const module = await ready.catch((cause: unknown) => {
    throw new ShardError(
      "backend-unavailable",
      `Expected WebAssembly for reading HDF5 files, received a refusal (${messageOf(cause)}): add 'wasm-unsafe-eval' to script-src in the page's Content-Security-Policy.`,
      { cause },
    );
  });
  // Without this, a failed read returns whatever lay in memory.
  module.activate_throwing_error_handler();
  return module;
}

/** Values are read in blocks of at most this size, unless one value is larger. */
const BLOCK_BYTES = 2 ** 23;

export interface H5Dataset {
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: StoredType;
}

/** An HDF5 file that is read from a blob, a part at a time. Every method throws ShardError "model-malformed" where the file is damaged. */
export class H5File {
  readonly name: string;
  readonly #module: Module;
  readonly #id: bigint;
  readonly #byteLength: number;

  private constructor(module: Module, name: string, id: bigint, byteLength: number) {
    this.#module = module;
    this.name = name;
    this.#id = id;
    this.#byteLength = byteLength;
  }

  static async open(blob: Blob, name: string): Promise<H5File> {
    const module = await startHdf5();
    const path = await mount(module, blob);
    try {
      return new H5File(module, name, module.open(path, module.H5F_ACC_RDONLY, false, -1, -1), blob.size);
    } catch (cause) {
      throw damaged(name, "an HDF5 file", causeOf(cause), cause);
    }
  }

  close(): void {
    try {
      this.#module.close_file(this.#id);
    } catch {
      // A damaged file may not even close; the worker ends soon.
    }
  }

  kindOf(path: string): "group" | "dataset" | "other" {
    const type = this.#attempt(path, () => this.#module.get_type(this.#id, path));
    return type === this.#module.H5G_GROUP ? "group" : type === this.#module.H5G_DATASET ? "dataset" : "other";
  }

  /** The names in a group. */
  namesIn(path: string): readonly string[] {
    return this.#attempt(path, () => this.#module.get_names(this.#id, path, false));
  }

  attributeNames(path: string): readonly string[] {
    return this.#attempt(path, () => this.#module.get_attribute_names(this.#id, path));
  }

  /** The strings of an attribute, of fixed or variable length; `undefined` if it holds anything else. */
  strings(path: string, attribute: string): string[] | undefined {
    const module = this.#module;
    return this.#attempt(path, () => {
      const { type, size, total_size: count, vlen, shape } = module.get_attribute_metadata(this.#id, path, attribute);
      if (type !== module.H5T_class_t.H5T_STRING.value || shape === null) return undefined;
      checkExpansion(this.name, size * count, this.#byteLength);
      return this.#withMemory(size * count, (pointer) => {
        module.get_attribute_data(this.#id, path, attribute, BigInt(pointer));
        return Array.from({ length: count }, (_, index) => {
          const at = pointer + index * size;
          if (!vlen) return textOf(module.HEAPU8.subarray(at, at + size));
          const start = new DataView(module.HEAPU8.buffer).getUint32(at, true);
          return start === 0 ? "" : module.UTF8ToString(start);
        });
      });
    });
  }

  /** @throws ShardError "model-unsupported" for values that are no numbers. */
  dataset(path: string): H5Dataset {
    const metadata = this.#attempt(path, () => this.#module.get_dataset_metadata(this.#id, path));
    const { shape, size, total_size: count } = metadata;
    const type = typeOf(metadata, this.#module);
    if (type === undefined || shape === null) {
      throw new ShardError(
        "model-unsupported",
        `Expected numbers in "${path.slice(-80)}" of "${this.name.slice(-80)}", received values of another type: save the model with numbers only.`,
      );
    }
    if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
      throw damaged(this.name, `a shape of "${path.slice(-80)}"`, JSON.stringify(shape).slice(0, 80));
    }
    checkExpansion(this.name, size * count, this.#byteLength);
    return { path, shape, type };
  }

  /** Read a dataset in blocks. Each is valid until the next one is read. */
  *blocks({ path, shape, type }: H5Dataset): Generator<Uint8Array<ArrayBuffer>, void> {
    for (const { offset, count } of planBlocks(shape, type.size)) {
      const byteLength = count.reduce((product, length) => product * length, type.size);
      yield this.#attempt(path, () =>
        this.#withMemory(byteLength, (pointer) => {
          const wide = (numbers: readonly number[]): bigint[] => numbers.map(BigInt);
          const isWhole = shape.length === 0;
          const status = this.#module.get_dataset_data(
            this.#id,
            path,
            isWhole ? null : wide(count),
            isWhole ? null : wide(offset),
            isWhole ? null : wide(count.map(() => 1)),
            BigInt(pointer),
          );
          if (status < 0) throw new Error("the values can't be read");
          return this.#module.HEAPU8.slice(pointer, pointer + byteLength);
        }),
      );
    }
  }

  #withMemory<T>(byteLength: number, use: (pointer: number) => T): T {
    const pointer = this.#module._malloc(Math.max(8, byteLength));
    if (pointer === 0)
      throw new ShardError("out-of-memory", `Expected room for ${byteLength} bytes, received none: close other tabs.`);
    try {
      return use(pointer);
    } finally {
      this.#module._free(pointer);
    }
  }

  #attempt<T>(path: string, act: () => T): T {
    try {
      return act();
    } catch (thrown) {
      if (thrown instanceof ShardError) throw thrown;
      throw damaged(this.name, `"${path.slice(-80)}"`, causeOf(thrown), thrown);
    }
  }
}

let mountCount = 0;

/** Make a blob readable by libhdf5. In a worker it is read part by part, elsewhere (in tests) it is copied. */
async function mount({ FS }: Module, blob: Blob): Promise<string> {
  const folder = `/file${mountCount++}`;
  FS.mkdir(folder);
  if (typeof FileReaderSync === "undefined") FS.writeFile(`${folder}/it`, new Uint8Array(await blob.arrayBuffer()));
  else FS.mount(FS.filesystems["WORKERFS"]!, { blobs: [{ name: "it", data: blob }] }, folder);
  return `${folder}/it`;
}

function typeOf(
  { type, size, signed, enum_type: members }: Metadata,
  { H5T_class_t: classes }: Module,
): StoredType | undefined {
  const isSize = (...sizes: number[]): boolean => sizes.includes(size);
  if (type === classes.H5T_FLOAT.value && isSize(2, 4, 8)) return { kind: "float", size, isSigned: true };
  if (type === classes.H5T_INTEGER.value && isSize(1, 2, 4, 8)) return { kind: "integer", size, isSigned: signed };
  // This is how h5py stores booleans.
  const isBool =
    type === classes.H5T_ENUM.value &&
    size === 1 &&
    Object.keys(members?.members ?? {})
      .toSorted()
      .join() === "FALSE,TRUE";
  return isBool ? { kind: "bool", size, isSigned: true } : undefined;
}

/** Cut an array into blocks whose values lie back to back, in order. */
function* planBlocks(
  shape: readonly number[],
  itemBytes: number,
): Generator<{ offset: number[]; count: number[] }, void> {
  if (shape.includes(0)) return;
  if (shape.length === 0) return yield { offset: [], count: [] };
  // The blocks are cut along this axis: what is behind it fits into a block.
  let axis = shape.length - 1;
  let rowBytes = itemBytes;
  while (axis > 0 && rowBytes * shape[axis]! <= BLOCK_BYTES) rowBytes *= shape[axis--]!;
  const rows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  const before = shape.slice(0, axis);
  const blockCount = before.reduce((product, length) => product * length, 1);
  for (let block = 0; block < blockCount; block++) {
    let rest = block;
    const index = before.map(() => 0);
    for (let each = axis - 1; each >= 0; each--) {
      index[each] = rest % before[each]!;
      rest = Math.floor(rest / before[each]!);
    }
    for (let row = 0; row < shape[axis]!; row += rows) {
      const count = [...before.map(() => 1), Math.min(rows, shape[axis]! - row), ...shape.slice(axis + 1)];
      yield { offset: [...index, row, ...shape.slice(axis + 1).map(() => 0)], count };
    }
  }
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end));
}

/** What is wrong, in the words of libhdf5's innermost call: it reports the whole stack of its calls. */
function causeOf(thrown: unknown): string {
  const report = thrown instanceof Error ? thrown.message : "";
  const innermost = [...report.slice(0, 2 ** 16).matchAll(/line \d+ in \w+\(\): (.+)/g)].at(-1)?.[1];
  return (innermost ?? messageOf(thrown).split("\n")[0] ?? "").slice(0, 120);
}
