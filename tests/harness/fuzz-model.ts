import { createSharder, ShardError } from "inference-sharder";
import { messageOf } from "../../src/protocol/error-record.js";
import { randomInputs } from "../../src/jobs/random-inputs.js";

export interface FuzzRequest {
  /** An address, or a file's name and bytes as base64. */
  readonly model: string | { readonly name: string; readonly base64: string };
  readonly optimize: boolean;
  readonly limitMs: number;
}

export interface FuzzOutcome {
  readonly end: "refused" | "computed" | "failed to compute" | "not tried" | "late";
  /** What went wrong, or undefined if the model ended properly. */
  readonly failure: string | undefined;
  readonly ms: number;
}

/** Larger inputs are not created, though an undamaged model may need them. */
const MOST_ELEMENTS = 1_000_000;

/** Load and run a model, and report the outcome. */
export async function runDamaged({ model, optimize, limitMs }: FuzzRequest): Promise<FuzzOutcome> {
  const startMs = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), limitMs)));
  const result = await Promise.race([loadAndRun(model, optimize), late]);
  clearTimeout(timer);
  const ms = performance.now() - startMs;
  if (result === "late") return { end: "late", failure: `no end after ${limitMs} ms`, ms };
  return { ...result, ms };
}

async function loadAndRun(given: FuzzRequest["model"], optimize: boolean): Promise<Omit<FuzzOutcome, "ms">> {
  let sharder;
  const model = typeof given === "string" ? given : [fileOf(given)];
  try {
    sharder = await createSharder({ model, workers: [{ backend: "wasm" }], optimize, cache: false });
  } catch (thrown) {
    return { end: "refused", failure: wrongError(thrown) };
  }
  try {
    const isFeasible = sharder.model.inputs.every(({ shape }) => shape !== undefined && sizeOf(shape) <= MOST_ELEMENTS);
    if (!isFeasible) return { end: "not tried", failure: undefined };
    await sharder.predict(randomInputs(sharder.model, { itemCount: 2, freeSize: 8 }));
    return { end: "computed", failure: undefined };
  } catch (thrown) {
    return { end: "failed to compute", failure: wrongError(thrown) };
  } finally {
    await sharder.dispose();
  }
}

function fileOf({ name, base64 }: { readonly name: string; readonly base64: string }): File {
  return new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * (size < 0 ? 8 : size), 1);
}

function wrongError(thrown: unknown): string | undefined {
  if (!(thrown instanceof ShardError)) return `not a ShardError: ${messageOf(thrown)}`;
  if (thrown.code === "internal") return `an internal error: ${thrown.message.slice(0, 200)}`;
  return thrown.message.length > 1_000 ? `a message of ${thrown.message.length} characters` : undefined;
}
