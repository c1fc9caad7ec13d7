// Damaged .tflite files. tests/long/damaged-tflite.test.ts has them by the hundred.
import { expect, it } from "vitest";
import { openDamagedTflite } from "../../../fixtures/open-damaged-tflite.js";
import { tfliteCases } from "../../../fuzz/tflite-cases.js";

const cases = tfliteCases(24);

it(`${cases.length} damaged files each end in a ShardError within seconds, or can be read`, async () => {
  const failures: string[] = [];
  for (const each of cases)
    failures.push(...[await openDamagedTflite(each)].filter((failure) => failure !== undefined));
  expect(failures).toEqual([]);
});
