// What a page gets from the servers over lines of many kinds, by plain requests: the numbers of docs/servers.md, and the bounds that any
// worker behind such a line has.
import { afterAll, beforeAll, expect, it } from "vitest";
import { freeLine, startRig, type Far, type Rig } from "../rig.js";

/** A tile of the default job, pixels along a side. */
const SIZE = 128;
/** JSON takes seconds for one of those. */
const SMALL_SIZE = 64;
/** Of an item in floats of 32 bits: RGB, and four times as much. */
const bytesOf = (size: number) => ({ up: size * size * 3 * 4, down: 4 * size * size * 3 * 4 });
const LATENCIES_MS = [0, 20, 200];
const MEGABYTES_PER_SECOND = [1, 10, 100];
/** So many requests are under way at once, as many as hide the latency here. */
const IN_FLIGHT = 4;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.close());

interface Measured {
  readonly itemsPerSecond: number;
  /** All that were sent, those before the time began too. */
  readonly itemCount: number;
  /** Of the first request alone. */
  readonly firstMs: number;
}

/** Items that come back in some time, one to a request. */
function measure({ url }: Far, isBinary: boolean, size: number, durationMs: number): Promise<Measured> {
  return rig.opened.page.evaluate(
    async ({ url, isBinary, durationMs, size, inFlight }) => {
      const data = harness.noise(size * size * 3, 1);
      const shape = [1, size, size, 3];
      const request = isBinary ? binary() : json();
      async function one(): Promise<void> {
        const response = await fetch(url, { method: "POST", ...request });
        if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
        if (!isBinary) return void (await response.json());
        const headLength = Number(response.headers.get("Inference-Header-Content-Length"));
        const bytes = await response.arrayBuffer();
        if (bytes.byteLength - headLength !== data.byteLength * 4) throw new Error(`${bytes.byteLength} bytes`);
      }
      // Two at first: the preflight and the connection are paid for once.
      await one();
      const startedMs = performance.now();
      await one();
      const firstMs = performance.now() - startedMs;
      const startMs = performance.now();
      let count = 0;
      let lastMs = startMs;
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (performance.now() - startMs < durationMs) {
            await one();
            count++;
            lastMs = performance.now();
          }
        }),
      );
      return { itemsPerSecond: (count / (lastMs - startMs)) * 1000, firstMs, itemCount: count + 2 };

      function binary(): RequestInit {
        const parameters = { binary_data_size: data.byteLength };
        const inputs = [{ name: "image", datatype: "FP32", shape, parameters }];
        const head = new TextEncoder().encode(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
        const headers = {
          "Content-Type": "application/octet-stream",
          "Inference-Header-Content-Length": String(head.length),
        };
        return { headers, body: new Blob([head, data as Float32Array<ArrayBuffer>]) };
      }
      function json(): RequestInit {
        const body = JSON.stringify({ id: "1", inputs: [{ name: "image", datatype: "FP32", shape, data: [...data] }] });
        return { headers: { "Content-Type": "application/json" }, body };
      }
    },
    { url: `${url}/infer`, isBinary, durationMs, size, inFlight: IN_FLIGHT },
  );
}

it("bytes come as fast as the line and the server allow", async () => {
  const bytes = bytesOf(SIZE);
  const free = await measure(rig.kserve, true, SIZE, 2_000);
  const rows = [`no line: ${free.itemsPerSecond.toFixed(1)} items/s, ${free.firstMs.toFixed(0)} ms for one`];
  for (const latencyMs of LATENCIES_MS) {
    for (const megabytes of MEGABYTES_PER_SECOND) {
      rig.kserve.line.set({ latencyMs, bytesPerSecond: megabytes * 1e6 });
      const { itemsPerSecond, firstMs } = await measure(rig.kserve, true, SIZE, 800);
      const bound = (megabytes * 1e6) / bytes.down;
      rows.push(
        `${latencyMs} ms, ${megabytes} MB/s: ${itemsPerSecond.toFixed(1)} items/s, ${firstMs.toFixed(0)} ms for one; the line allows ${bound.toFixed(1)}`,
      );
      // The last answers come all at once, so a few more than the line allows may be counted.
      expect(itemsPerSecond).toBeLessThan(bound * 1.15);
      expect(firstMs).toBeGreaterThan(latencyMs + (1000 * (bytes.up + bytes.down)) / (megabytes * 1e6) - 5);
      // The machine is busy, and the server shares it.
      expect(itemsPerSecond).toBeGreaterThan(Math.min(bound, free.itemsPerSecond) / 4);
    }
  }
  console.log(rows.join("\n"));
});

it("JSON takes several times the bytes of the same numbers", async () => {
  const rows: string[] = [];
  const bytes = bytesOf(SMALL_SIZE);
  const bytesPerItem: { up: number; down: number }[] = [];
  for (const [name, far, isBinary] of [
    ["KServe, bytes", rig.kserve, true],
    ["KServe, JSON", rig.kserve, false],
    ["MLServer, JSON", rig.mlserver, false],
  ] as const) {
    const { line } = far;
    line.set(freeLine);
    const before = { ...line.byteCounts };
    const { itemsPerSecond, itemCount } = await measure(far, isBinary, SMALL_SIZE, 800);
    const [up, down] = (["up", "down"] as const).map((way) => (line.byteCounts[way] - before[way]) / itemCount);
    bytesPerItem.push({ up: up!, down: down! });
    rows.push(`${name}: ${itemsPerSecond.toFixed(1)} items/s, ${kilobytes(up!)} up, ${kilobytes(down!)} down per item`);
  }
  console.log(rows.join("\n"));
  const [binary, json, zipped] = bytesPerItem as [
    { up: number; down: number },
    { up: number; down: number },
    { up: number; down: number },
  ];
  for (const way of ["up", "down"] as const) {
    expect(binary[way]).toBeGreaterThan(bytes[way]);
    // Headers and the JSON before the bytes.
    expect(binary[way]).toBeLessThan(bytes[way] * 1.02);
    expect(json[way]).toBeGreaterThan(bytes[way] * 2);
  }
  // MLServer compresses its answers.
  expect(zipped.down).toBeLessThan(json.down);
});

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
