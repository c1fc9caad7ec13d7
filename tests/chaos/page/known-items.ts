import type { ModelArtifacts, OutputValue, Tensor } from "inference-sharder";
import { seededRandom } from "../../../src/core/random.js";

/** How many items differ; item i of a job is item i mod this. */
const ITEM_COUNT = 48;

/** max|a − b| ÷ max|b| that backends may differ by. */
const TOLERANCE = 1e-4;

type RunWhole = (backend: string, model: ModelArtifacts, inputs: readonly Tensor[]) => Promise<Tensor[]>;

/** Some items of one model's only input, and what TF.js makes of them undisturbed: of its first output. */
export class KnownItems {
  readonly #inputs: Float32Array;
  readonly #itemShape: readonly number[];
  readonly #expected: Float32Array;
  readonly #rowSize: number;
  readonly #largest: number;
  /** Whether results must be the same bit for bit. */
  isExact: boolean;

  private constructor(itemShape: readonly number[], inputs: Float32Array, expected: Float32Array, isExact: boolean) {
    this.#itemShape = itemShape;
    this.#inputs = inputs;
    this.#expected = expected;
    this.#rowSize = expected.length / ITEM_COUNT;
    this.#largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    this.isExact = isExact;
  }

  /** @param exactOn the backend whose results are expected bit for bit; `undefined` if backends are mixed. */
  static async of(
    model: ModelArtifacts,
    itemShape: readonly number[],
    seed: number,
    runWhole: RunWhole,
    exactOn: "wasm" | "cpu" | undefined,
  ): Promise<KnownItems> {
    const random = seededRandom(seed);
    const data = Float32Array.from({ length: ITEM_COUNT * sizeOf(itemShape) }, random);
    const whole: Tensor = { dtype: "float32", shape: [ITEM_COUNT, ...itemShape], data };
    const [expected] = await runWhole(exactOn ?? "wasm", model, [whole]);
    if (expected?.dtype !== "float32") throw new Error("Expected a float32 output.");
    return new KnownItems(itemShape, data, expected.data, exactOn !== undefined);
  }

  /** The items of a job from `first` on. */
  batch(first: number, count: number): Tensor {
    const size = sizeOf(this.#itemShape);
    const data = new Float32Array(count * size);
    for (let row = 0; row < count; row++) {
      const from = ((first + row) % ITEM_COUNT) * size;
      data.set(this.#inputs.subarray(from, from + size), row * size);
    }
    return { dtype: "float32", shape: [count, ...this.#itemShape], data };
  }

  /** @returns how many of the rows are missing, and which are wrong. */
  judge(first: number, count: number, output: OutputValue | undefined): { missing: number; wrong: number[] } {
    if (output === undefined || output.dtype === "ragged" || output.dtype !== "float32")
      return { missing: count, wrong: [] };
    const rowCount = Math.min(count, output.data.length / this.#rowSize);
    const wrong = Array.from({ length: rowCount }, (_, row) => row).filter(
      (row) => !this.#isRight(first + row, output.data, row),
    );
    return { missing: count - rowCount, wrong };
  }

  #isRight(item: number, data: Float32Array, row: number): boolean {
    const expectedAt = (item % ITEM_COUNT) * this.#rowSize;
    const allowed = this.isExact ? 0 : TOLERANCE * this.#largest;
    for (let i = 0; i < this.#rowSize; i++) {
      // Not `>`, which NaN would pass.
      if (!(Math.abs(data[row * this.#rowSize + i]! - this.#expected[expectedAt + i]!) <= allowed)) return false;
    }
    return true;
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
