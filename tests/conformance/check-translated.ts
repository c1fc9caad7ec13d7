import { openPlanner } from "../../src/pool/worker-entries.js";
import { messageOf } from "../../src/protocol/error-record.js";
import { assembleSharder } from "../../src/sharder/assemble-sharder.js";
import { readModel } from "../../src/sharder/read-model.js";
import { forEngines } from "../../src/sharder/translated-model.js";
import { nameInputs, readCaseFile } from "./case-record.js";
import { compareWithCase } from "./compare-case.js";
import { KeptWorkers } from "./kept-workers.js";

/** What became of a case on LiteRT. */
export interface TranslatedCase {
  readonly name: string;
  readonly verdict: "right" | "refused" | "wrong" | "failed";
  readonly detail: string;
}

const workers = new KeptWorkers();
const SPECS = [{ engine: "litert", backend: "wasm" }] as const;

/**
 * Run a case of TensorFlow's own numbers on one worker of LiteRT, for which its TF.js model is translated.
 * @param url of its folder, with a slash at its end
 */
export async function checkTranslated(url: string): Promise<TranslatedCase> {
  const stored = readCaseFile(await (await fetch(new URL("case.json", url))).text());
  const { name } = stored;
  const options = { model: new URL("model.json", url).href, cache: false };
  let isRead = false;
  try {
    const inspected = await forEngines(await readModel(options, true), SPECS, undefined);
    isRead = true;
    const sharder = await assembleSharder(inspected, options, SPECS, { openWorker: workers.open, openPlanner });
    try {
      const { inputs, outputs } = sharder.model;
      const received = await sharder.predict(nameInputs(stored.inputs, inputs));
      const order = outputs.map((output) => output.name);
      const { problem } = compareWithCase(stored, received, order);
      return { name, verdict: problem === "" ? "right" : "wrong", detail: problem };
    } finally {
      await sharder.dispose();
    }
  } catch (thrown) {
    return { name, verdict: isRead ? "failed" : "refused", detail: messageOf(thrown) };
  }
}
