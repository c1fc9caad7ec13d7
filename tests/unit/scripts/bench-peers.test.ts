import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { renderPeers, replaceSection } from "../../../scripts/bench-docs.mjs";
import { barChart, milliseconds, renderReport, shortNumber } from "../../../scripts/bench-html.mjs";
import { peerRatios } from "../../../scripts/bench-peers.mjs";
import { findPeerModels, howToMake } from "../../../scripts/peer-models.mjs";
import { judgeRows, type Peer, type PeerRow } from "../../../scripts/peer-reasons.mjs";

function row(subject: string, peer: Peer, rate: number, change: Partial<PeerRow> = {}): PeerRow {
  return {
    model: "Net <1>",
    subject,
    batch: 64,
    itemsPerSecond: { min: 0.9 * rate, median: rate, max: 1.1 * rate },
    runs: 3,
    runItemsPerSecond: [0.9 * rate, rate, 1.1 * rate],
    workers: ["wasm"],
    chunkItemCount: 16,
    peer,
    format: "graph",
    longestTaskMs: 0,
    frameGapP99Ms: 17,
    ...change,
  };
}

const two = { workers: ["wasm", "wasm"] };
const rows = [
  row("TF.js, WASM in a worker", "tfjs", 40, { longestTaskMs: 812 }),
  row("ONNX Runtime Web, 1 thread", "onnx", 50),
  row("ONNX Runtime Web, 2 threads", "onnx", 80),
  row("LiteRT.js, 1 thread", "litert", 100),
  row("LiteRT.js, 2 threads", "litert", 150),
  row("sharder, 1 WASM worker", "sharder", 50, { firstResultMs: 1234.5 }),
  row("sharder, 2 WASM workers", "sharder", 100, two),
];

const report = {
  machine: { cpu: "A CPU", cores: 2, memoryGiB: 8, os: "linux 6", loadAverage: 0.1 },
  browser: "Chromium 156",
  adapter: { webgpu: "none", webgl: "none" },
  suite: "peers",
  runs: 3,
  rows,
  ratios: {},
  notes: ["a <note>"],
  errors: [],
};

it("judges every row of a peer against the faster one of ours, the worst first", () => {
  const verdicts = judgeRows(rows);
  expect(verdicts.map((verdict) => [verdict.row.subject, Number(verdict.ratio.toFixed(2)), verdict.lost])).toEqual([
    ["LiteRT.js, 2 threads", 0.67, true],
    ["LiteRT.js, 1 thread", 1, false],
    ["ONNX Runtime Web, 2 threads", 1.25, false],
    ["ONNX Runtime Web, 1 thread", 2, false],
    ["TF.js, WASM in a worker", 2.5, false],
  ]);
});

it("splits each ratio into the engine's part and what threads and workers add", () => {
  const reasons = new Map(judgeRows(rows).map((verdict) => [verdict.row.subject, verdict.reason]));
  expect(reasons.get("LiteRT.js, 2 threads")).toBe(
    "one thread of LiteRT is 2.0 × as fast as one worker of ours; its 2 threads make 1.50 × of one; our 2 workers make 2.0 × of one",
  );
  expect(reasons.get("TF.js, WASM in a worker")).toBe(
    "one worker of ours is 1.25 × as fast as one thread of TF.js; our 2 workers make 2.0 × of one",
  );
  // The page's thread is one, too.
  const onPage = row("TF.js, WASM on the page", "tfjs", 44);
  expect(judgeRows([...rows, onPage]).find((verdict) => verdict.row === onPage)?.reason).toBe(
    "one worker of ours is 1.14 × as fast as one thread of TF.js; our 2 workers make 2.0 × of one",
  );
  const slower = rows.map((each) =>
    each.workers === two.workers ? { ...each, ...row(each.subject, "sharder", 30, two) } : each,
  );
  expect(judgeRows(slower).at(-1)?.reason).toBe(
    "one worker of ours is 1.25 × as fast as one thread of TF.js; more workers of ours bring nothing",
  );
});

it("compares the best of ours with the best of the others", () => {
  const ratios = peerRatios(rows);
  expect(ratios["sharder ÷ best peer"]?.value).toBeCloseTo(100 / 150);
  expect(ratios["sharder ÷ best TF.js"]?.value).toBeCloseTo(2.5);
  expect(ratios["sharder, 2 workers ÷ 1"]).toMatchObject({ value: 2, min: 2, max: 2 });
  expect(peerRatios(rows.slice(0, 2))).toEqual({});
});

it("draws one bar for each row, as long as its rate", () => {
  const svg = barChart("Net <1>", rows);
  const widths = [...svg.matchAll(/<rect class="(ours|peer)" .*? width="([\d.]+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);
  expect(widths.map(([kind]) => kind)).toEqual(["peer", "peer", "ours", "peer", "peer", "ours", "peer"]);
  const [longest, second] = widths.map(([, width]) => Number(width));
  expect(second! / longest!).toBeCloseTo(100 / 150, 2);
  expect(svg).toContain("Net &lt;1&gt;");
});

it("makes one page that loads nothing", () => {
  const html = renderReport(report);
  expect(html).toContain("<svg");
  expect(html).toContain("1235 ms");
  expect(html).toContain("&lt; 50 ms");
  expect(html).toContain("a &lt;note&gt;");
  expect(html).not.toMatch(/<(script|link|img)|https?:|url\(/);
});

it("writes the lost rows first into the results", () => {
  const text = renderPeers(report);
  expect(text.indexOf("| Net <1> | LiteRT.js, 2 threads | 150 | 100 (2) | 0.67 |")).toBeGreaterThan(0);
  expect(text.indexOf("LiteRT.js, 2 threads")).toBeLessThan(text.indexOf("**Won or level:**"));
  const page = "# Results\n<!-- Written by scripts/bench-docs.mjs: begin -->\nold\n<!-- end -->\nmore\n";
  const written = replaceSection(page, "new");
  expect(written).toBe(page.replace("old", "new"));
  expect(replaceSection(written, "new")).toBe(written);
  expect(() => replaceSection("# Results", "new")).toThrow("begin");
});

it("says which models are missing and how to make them", () => {
  const folder = mkdtempSync(join(tmpdir(), "peers-"));
  try {
    for (const name of ["mlp", "lstm"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "mlp", "peer.json"), "{}");
    // A folder without peer.json is one that was never finished.
    expect(findPeerModels(folder, ["mlp", "lstm"])).toEqual({ present: ["mlp"], missing: ["lstm"] });
    expect(findPeerModels(folder, []).missing).toContain("resnet50");
    expect(howToMake(folder, ["lstm"])).toContain(`make.py "${folder}" --only lstm`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("writes numbers short", () => {
  expect([342_250, 1234.4, 12.345, 0.5].map(shortNumber)).toEqual(["342,000", "1,230", "12.3", "0.5"]);
  expect([0.123, 16.66, 1234.5].map(milliseconds)).toEqual(["0.12 ms", "17 ms", "1235 ms"]);
});
