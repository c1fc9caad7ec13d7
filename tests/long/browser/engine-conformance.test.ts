// `npm run conformance -- --engines tfjs,litert,onnx` for as long as the time lasts, in an order that the seed decides.
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { listSubjects } from "../../../scripts/conformance-engines.mjs";
import { seededRandom } from "../../../src/core/random.js";
import { publicModels } from "../../fixtures/public-models.js";
import { openHarness, type OpenPage } from "../../harness/launch.js";
import { firstSeed, timeBoxMs } from "../for-seeds.js";

const ENGINES = ["tfjs", "litert", "onnx"] as const;
/** Of several hundred, however little time there is. */
const LEAST = 30;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

it("models, cases and fixtures are right on every engine, or refused", { timeout: timeBoxMs + 300_000 }, async () => {
  const models = publicModels.map((name) => ({ name, path: name }));
  const { subjects } = listSubjects({ models, caseFolders: [resolve("tests/cases")] });
  expect(new Set(subjects.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(6);
  const random = seededRandom(firstSeed);
  const waiting = subjects.map((subject) => ({ subject, place: random() })).toSorted((a, b) => a.place - b.place);
  const counts: Record<string, number> = {};
  const endMs = performance.now() + timeBoxMs;
  let count = 0;
  for (const { subject } of waiting) {
    if (count >= LEAST && performance.now() > endMs) break;
    count++;
    const { name, model, values } = subject;
    const request = {
      name,
      model: new URL(model, inject("urls").harness).href,
      ...(values === undefined ? {} : { values: new URL(values, inject("urls").harness).href }),
      engines: ENGINES,
      backend: "wasm" as const,
    };
    const rows = await opened.page.evaluate((each) => harness.checkOnEngines(each), request);
    expect(rows).toHaveLength(ENGINES.length);
    for (const row of rows) {
      expect(row.verdict, `${name} on ${row.engine}, ${row.how}: ${row.detail}`).toMatch(/^(right|refused)$/);
      if (row.verdict === "refused")
        expect(row.detail).toMatch(/^[\w-]+: Expected .*received|^[\w-]+: Expected .* but it/s);
      counts[`${row.engine} ${row.verdict}`] = (counts[`${row.engine} ${row.verdict}`] ?? 0) + 1;
    }
  }
  console.log(`${count} of ${subjects.length} from seed ${firstSeed}: ${JSON.stringify(counts)}`);
  expect(counts["tfjs right"]).toBeGreaterThan(0);
});
