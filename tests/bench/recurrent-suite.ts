import { noiseBatch, type BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { runOnModels, type Measured } from "./on-models.js";
import { recurrentModels } from "./recurrent-models.js";
import { compareRows, type Suite, type SuiteRequest } from "./report.js";
import { sharderSubject, tfjsLoopSubject, type Subject } from "./subjects.js";

const ONE = "sharder 1 × wasm";
const TWO = "sharder 2 × wasm";
const LOOP = "tfjs loop in one worker (wasm)";

/** What the kernels for recurrent layers gain: one of our workers, and two, against TF.js's own `predict`, in turn. */
export function runRecurrentSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("recurrent", { ...request, extraModels: [] }, measure, recurrentModels());
}

async function measure(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const itemCount = model.maxItemCount;
  const batch = noiseBatch(model.itemShape!, itemCount);
  const subjects: Subject[] = [];
  try {
    subjects.push(await sharderSubject(ONE, model.source, batch, [{ backend: "wasm" }]));
    subjects.push(await sharderSubject(TWO, model.source, batch, [{ backend: "wasm" }, { backend: "wasm" }]));
    // Converted loops run so slowly in TF.js, and their steps cost so much each, that trying smaller calls would only take minutes.
    const isConverted = model.name.includes("converted");
    const chunks = isConverted ? [itemCount] : [itemCount, itemCount / 2, 32];
    const loop = await tfjsLoopSubject(LOOP, model.source, batch, chunks);
    subjects.push(loop);
    loop.prepare?.();
    const reference = await loop.run();
    const left = { runs, seconds: seconds - (performance.now() - startMs) / 1000 };
    const { rows, errors } = await interleave(model.name, itemCount, subjects, reference, left);
    const [one, two, tfjs] = rows;
    const tried = Object.entries(loop.triedChunks ?? {}).map(([count, rate]) => `${count}: ${rate.toFixed(1)}`);
    return {
      rows,
      errors,
      notes: tried.length === 0 ? [] : [`${model.name}, ${LOOP}: items/s by items per call: ${tried.join(", ")}.`],
      ratios: {
        one_worker_sharder_over_tfjs_loop: compareRows(one!, tfjs!, { atLeast: 3 }),
        two_wasm_over_one_wasm: compareRows(two!, one!, { atLeast: 1.7 }),
      },
    };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}
