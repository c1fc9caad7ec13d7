import { readAdapter } from "./adapter.js";
import { runAutoSuite } from "./auto-suite.js";
import { runBatchSuite, runScalingSuite } from "./batch-suite.js";
import { runFaultsSuite } from "./faults-suite.js";
import { runLayersSuite } from "./layers-suite.js";
import { runOptimiseSuite } from "./optimise-suite.js";
import { runOverheadSuite } from "./overhead-suite.js";
import { runPlannerSuite } from "./planner-suite.js";
import { runRebalanceSuite } from "./rebalance-suite.js";
import { runRecurrentSuite } from "./recurrent-suite.js";
import type { Suite, SuiteRequest } from "./report.js";
import { runSharesSuite } from "./shares-suite.js";
import { runUiSuite } from "./ui-suite.js";

const suites: Readonly<Record<string, (request: SuiteRequest) => Promise<Suite>>> = {
  planner: runPlannerSuite,
  rebalance: runRebalanceSuite,
  shares: runSharesSuite,
  auto: runAutoSuite,
  batch: runBatchSuite,
  scaling: runScalingSuite,
  layers: runLayersSuite,
  overhead: runOverheadSuite,
  optimise: runOptimiseSuite,
  recurrent: runRecurrentSuite,
  faults: runFaultsSuite,
  ui: runUiSuite,
};

const bench = {
  suiteNames: Object.keys(suites),
  readAdapter,
  runSuite: (name: string, request: SuiteRequest): Promise<Suite> => suites[name]!(request),
};

declare global {
  // The script uses it from outside the page.
  var bench: unknown;
}
globalThis.bench = bench;
