import type { BackendName, InputTensor, Tensor } from "inference-sharder";
import { messageOf } from "../../src/protocol/error-record.js";
import { isBatch, joinSingles, type OutputsByName } from "./compare.js";
import { batchedInputs, inputAttempts, joinItems, makeItem } from "./inputs.js";
import { Oracle, type ModelNames } from "./oracle.js";

type Inputs = Readonly<Record<string, InputTensor>>;

/** What TF.js alone computes with a model, and the inputs for it. */
export interface Reference {
  readonly backend: BackendName;
  readonly notes: readonly string[];
  readonly outputNames: readonly string[];
  readonly oneItem: { readonly inputs: Inputs; readonly outputs: OutputsByName };
  readonly allItems: { readonly inputs: Inputs; readonly outputs: OutputsByName };
}

/**
 * Run a model with TF.js alone, on the first backend and with the first sizes that work.
 *
 * @param info names and shapes of the model.
 * @throws Error with TF.js's own reasons if none works.
 */
export async function runReference(
  url: string,
  info: ModelNames,
  backends: readonly BackendName[],
  itemCount: number,
): Promise<Reference> {
  const reasons: string[] = [];
  for (const backend of backends) {
    const oracle = new Oracle();
    try {
      await oracle.load(backend, url);
      return await runAll(oracle, backend, info, itemCount, reasons);
    } catch (thrown) {
      reasons.push(`${backend}: ${messageOf(thrown).slice(0, 200)}`);
    } finally {
      oracle.end();
    }
  }
  throw new Error(reasons.join("; "));
}

/** Why TF.js can't run a model that a sharder refuses, with TF.js's own names and shapes; `undefined` if it can. */
export async function whyNotRun(url: string, backends: readonly BackendName[]): Promise<string | undefined> {
  const oracle = new Oracle();
  try {
    await oracle.load(backends[0]!, url);
    await runReference(url, await oracle.describe(), backends, 1);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  } finally {
    oracle.end();
  }
}

async function runAll(
  oracle: Oracle,
  backend: BackendName,
  { inputs, outputs }: ModelNames,
  itemCount: number,
  reasons: readonly string[],
): Promise<Reference> {
  const outputNames = outputs.map(({ name }) => name);
  const batched = batchedInputs(inputs);
  let firstReason: unknown;
  for (const attempt of inputAttempts(inputs)) {
    const items = Array.from({ length: itemCount }, (_, index) => ({
      ...makeItem(inputs, attempt, index),
      // Inputs that carry no items are the same for all items.
      ...onlyUnbatched(makeItem(inputs, attempt, 0), batched),
    }));
    const singles: Tensor[][] = [];
    try {
      for (const item of items) singles.push(await oracle.run(item, outputNames));
    } catch (thrown) {
      firstReason ??= thrown;
      continue;
    }
    const together = joinItems(items, batched);
    const whole = await oracle.run(together, outputNames).catch(() => undefined);
    const mode = whole === undefined ? "item by item" : isBatch(whole, singles) ? undefined : "whole batches";
    const notes = [...reasons, ...(attempt.sizes === "" ? [] : [attempt.sizes]), ...(mode === undefined ? [] : [mode])];
    return {
      backend,
      notes,
      outputNames,
      oneItem: { inputs: items[0]!, outputs: byName(outputNames, whole && singles[0], singles.slice(0, 1)) },
      allItems: { inputs: together, outputs: byName(outputNames, whole, singles) },
    };
  }
  throw firstReason;
}

function onlyUnbatched(item: Inputs, batched: readonly string[]): Inputs {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !batched.includes(name)));
}

function byName(
  names: readonly string[],
  whole: readonly Tensor[] | undefined,
  singles: readonly (readonly Tensor[])[],
): OutputsByName {
  return Object.fromEntries(
    names.map((name, index) => {
      const own = singles.map((item) => item[index]!);
      return [name, whole?.[index] ?? joinSingles(own) ?? { dtype: "ragged", shape: [own.length], items: own }];
    }),
  );
}
