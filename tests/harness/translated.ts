// TF.js models on LiteRT workers, against the same on TF.js workers.
import { createSharder, type ModelArtifacts, type OutputValue, type Tensor, type TensorSpec } from "inference-sharder";
import { messageOf } from "../../src/protocol/error-record.js";

export type TranslatedRun =
  | { readonly kind: "translated"; readonly gaps: Readonly<Record<string, number>> }
  | { readonly kind: "refused"; readonly code: string; readonly reason: string };

export interface TranslatedRequest {
  readonly model: string | ModelArtifacts;
  readonly itemCount: number;
  /** For free sizes other than the batch. */
  readonly size?: number;
  readonly backend?: "wasm" | "webgpu";
  /** The backend of TF.js that says what is right. */
  readonly reference?: "wasm" | "cpu";
}

/** Run a model on one worker of each engine. @param difference as `harness.difference`; @param noise as `harness.float32` */
export async function runTranslated(
  { model, itemCount, size = 48, backend = "wasm", reference = "wasm" }: TranslatedRequest,
  difference: (found: OutputValue | undefined, expected: Tensor) => number,
  noise: (shape: number[], seed: number) => Tensor,
): Promise<TranslatedRun> {
  const original = await createSharder({ model, workers: [{ backend: reference }], cache: false });
  try {
    const inputs = inputsFor(original.model.inputs, itemCount, size, noise);
    const expected = await original.predict(inputs);
    let found: Record<string, OutputValue>;
    try {
      const sharder = await createSharder({ model, workers: [{ engine: "litert", backend }], cache: false });
      try {
        found = await sharder.predict(inputs);
      } finally {
        await sharder.dispose();
      }
    } catch (thrown) {
      const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
      return { kind: "refused", code, reason: messageOf(thrown) };
    }
    const gaps = Object.entries(expected).map(([name, value]) => {
      if (value.dtype === "ragged") throw new Error(`Expected whole outputs, received ragged ones of "${name}".`);
      return [name, difference(found[name], value)];
    });
    return { kind: "translated", gaps: Object.fromEntries(gaps) };
  } finally {
    await original.dispose();
  }
}

function inputsFor(
  specs: readonly TensorSpec[],
  itemCount: number,
  size: number,
  noise: (shape: number[], seed: number) => Tensor,
): Record<string, Tensor> {
  return Object.fromEntries(
    specs.map(({ name, shape = [], dtype }, index): [string, Tensor] => {
      const sizes = shape.map((each, axis) => (each !== -1 ? each : axis === 0 ? itemCount : size));
      const tensor = noise(sizes, index + 1);
      const values = Array.from(tensor.data, Number);
      if (dtype === "int32") return [name, { dtype, shape: sizes, data: Int32Array.from(values, (each) => 4 * each) }];
      if (dtype === "bool") return [name, { dtype, shape: sizes, data: Uint8Array.from(values, Math.round) }];
      return [name, tensor];
    }),
  );
}
