import { seededRandom } from "../../../src/core/random.js";
import { canHit, FAULT_KINDS, type FaultKind } from "./fault-kinds.js";

/** The backend of a worker of TF.js, or one of another engine. */
type Backend = "webgpu" | "webgl" | "wasm" | "cpu" | "litert/wasm" | "litert/webgpu" | "onnx/wasm" | "onnx/webgpu";

/** One sharder, the jobs it runs and the faults it suffers meanwhile. */
export interface Scenario {
  readonly seed: number;
  readonly split: "batch" | "layers";
  readonly backends: readonly Backend[];
  /** As in `SharderOptions`; set where outputs are corrupted. */
  readonly verify: number | undefined;
  /** In their order. */
  readonly faults: readonly FaultKind[];
}

type Setup = Pick<Scenario, "split" | "backends">;

const FAULTS_PER_SCENARIO = 10;
/** As many of each kind as there are, where so many are asked for. */
const LEAST_OF_EACH = 10;
/** A browser survives few crashes of its GPU process. */
const MAX_CRASHES = 2;

/** From the most mixed one on, so that few scenarios can have every kind of fault. Alike workers of one backend allow exact comparison. */
const SETUPS: readonly Setup[] = [
  { split: "batch", backends: ["wasm", "webgpu", "webgl", "wasm"] },
  { split: "layers", backends: ["wasm", "webgl", "wasm"] },
  { split: "batch", backends: ["wasm", "wasm", "wasm"] },
  { split: "batch", backends: ["webgpu", "wasm", "cpu", "webgl"] },
  { split: "layers", backends: ["wasm", "wasm", "cpu"] },
  { split: "batch", backends: ["litert/wasm", "wasm", "litert/webgpu", "webgl"] },
  { split: "batch", backends: ["litert/wasm", "litert/wasm", "litert/wasm"] },
  // An .onnx file, which no other engine takes.
  { split: "batch", backends: ["onnx/wasm", "onnx/webgpu", "onnx/wasm"] },
  { split: "batch", backends: ["onnx/wasm", "onnx/wasm", "onnx/wasm"] },
  { split: "batch", backends: ["cpu", "cpu", "cpu"] },
];

/**
 * Choose what happens: the same seed and count give the same scenarios.
 *
 * @param faultCount whole, ≥ 1. From 140 on there are at least 10 of each kind.
 * @param engines only scenarios with workers of one of these. Default: all.
 */
export function planChaos(seed: number, faultCount: number, engines?: readonly string[]): Scenario[] {
  const random = seededRandom(seed);
  const upTo = (count: number): number => Math.floor(random() * count);
  const setups = setupsOf(engines);
  const possible = FAULT_KINDS.filter((kind) => placesOf(kind, setups) > 0);
  const least = Math.min(LEAST_OF_EACH, Math.floor(faultCount / FAULT_KINDS.length));
  const kinds = possible.flatMap((kind) => Array.from({ length: least }, () => kind));
  // A crash of the GPU process costs more time than all others.
  const further = possible.filter((kind) => kind !== "crash-gpu");
  while (kinds.length < faultCount) kinds.push(further[upTo(further.length)]!);
  return dealFaults(seed, kinds, engines);
}

function setupsOf(engines: readonly string[] | undefined): readonly Setup[] {
  if (engines === undefined) return SETUPS;
  const engineOf = (worker: Backend): string => (worker.includes("/") ? worker.split("/")[0]! : "tfjs");
  return SETUPS.filter(({ backends }) => backends.some((worker) => engines.includes(engineOf(worker))));
}

/** Deal faults out to scenarios that can have them. */
export function dealFaults(seed: number, kinds: readonly FaultKind[], engines?: readonly string[]): Scenario[] {
  const setups = setupsOf(engines);
  const random = seededRandom(seed + 1);
  const upTo = (count: number): number => Math.floor(random() * count);
  const count = Math.max(1, Math.ceil(kinds.length / FAULTS_PER_SCENARIO));
  const hands = Array.from({ length: count }, (_, index) => ({
    setup: setups[index % setups.length]!,
    faults: [] as FaultKind[],
  }));
  const given = hands.map(({ setup }) => setup);
  // The rarest possibilities first, so that they find room.
  for (const kind of kinds.toSorted((a, b) => placesOf(a, given) - placesOf(b, given))) {
    const able = hands.filter(({ setup, faults }) => isRoomFor(kind, setup.backends, faults));
    const fewest = Math.min(...able.map(({ faults }) => faults.length));
    const open = able.filter(({ faults }) => faults.length === fewest);
    const hand = open[upTo(open.length)] ?? hands[upTo(hands.length)]!;
    hand.faults.push(kind);
  }
  return hands.map(({ setup, faults }, index) => ({
    ...setup,
    seed: seed * 1_000 + index,
    verify: faults.includes("corrupt") ? [0.1, 0.3, 1][upTo(3)] : undefined,
    faults: shuffle(faults, upTo),
  }));
}

function placesOf(kind: FaultKind, setups: readonly Setup[]): number {
  return setups.filter(({ backends }) => backends.some((backend) => canHit(kind, backend))).length;
}

function isRoomFor(kind: FaultKind, backends: readonly Backend[], faults: readonly FaultKind[]): boolean {
  if (!backends.some((backend) => canHit(kind, backend))) return false;
  return kind !== "crash-gpu" || faults.filter((each) => each === kind).length < MAX_CRASHES;
}

function shuffle<T>(values: readonly T[], upTo: (count: number) => number): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(upTo(rest.length), 1)[0]!);
}
