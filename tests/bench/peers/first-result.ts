import { outputDifference } from "../statistics.js";
import { MAX_DIFFERENCE } from "./choose-variant.js";
import { readPeerModel, readSamples, type PeerFormat } from "./peer-model.js";
import { peerSubjects } from "./subjects.js";

/**
 * The time from nothing to the first item's result, ms: the engine's code and WASM, the model, its compiling and its first run. Call it
 * once on a page that has run nothing yet, in a browser context that has cached nothing.
 *
 * @throws Error if that result is wrong, or with the subject's own reason.
 */
export async function measureFirstResult(name: string, subjectName: string, format: PeerFormat): Promise<number> {
  const model = await readPeerModel(name);
  const samples = await readSamples(model);
  const subject = (await peerSubjects()).find((each) => each.name === subjectName);
  if (subject === undefined) throw new Error(`Expected a subject of this machine, received "${subjectName}".`);
  const item = samples.inputs.slice(0, samples.inputs.length / samples.count);
  const expected = samples.outputs.slice(0, samples.outputs.length / samples.count);
  const startMs = performance.now();
  const runner = await subject.open();
  await runner.load(model, { format, callItemCount: 1 });
  const result = await runner.run(item, 1);
  const ms = performance.now() - startMs;
  const difference = outputDifference([result], [expected]);
  if (!(difference <= MAX_DIFFERENCE)) throw new Error(`The first result differs by ${difference}.`);
  await runner.dispose();
  return ms;
}
