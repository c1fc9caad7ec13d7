// Damaged .onnx files by the hundred.
import { expect, it } from "vitest";
import { openDamagedOnnx } from "../fixtures/open-damaged-onnx.js";
import { LARGE_ONNX_CASES, onnxCases } from "../fuzz/onnx-cases.js";

const cases = [...LARGE_ONNX_CASES, ...onnxCases(2_000)];

it(
  `${cases.length} damaged files each end in a ShardError within seconds, or can be read`,
  { timeout: 60_000 },
  async () => {
    const bytesBefore = process.memoryUsage().rss;
    const failures: string[] = [];
    for (const each of cases)
      failures.push(...[await openDamagedOnnx(each)].filter((failure) => failure !== undefined));
    expect(failures).toEqual([]);
    expect(process.memoryUsage().rss).toBeLessThan(bytesBefore + 2 ** 29);
  },
);
