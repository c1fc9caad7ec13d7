import { describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import type { BackendName } from "../../../src/pool/worker-entries.js";
import { WorkerLife } from "../../../src/pool/worker-life.js";

const lost = new ShardError("worker-lost", "The device is gone.");
const stopped = new ShardError("disposed", "It was stopped.");

/** A life, and the states that it has entered. */
function begin(backend: BackendName = "wasm"): { life: WorkerLife; states: string[] } {
  const states: string[] = [];
  const life = new WorkerLife("wasm-1", { backend }, () => states.push(life.state));
  return { life, states };
}

describe("the life of a worker", () => {
  it("is busy from the first run's beginning to the last one's end", () => {
    const { life, states } = begin();
    expect(life.readyMs).toBeUndefined();
    life.becomeReady();
    life.runBegun();
    life.runBegun();
    life.runEnded();
    expect(states).toEqual(["ready", "busy"]);
    life.runEnded();
    expect(states).toEqual(["ready", "busy", "ready"]);
    expect(life.readyMs).toBeGreaterThanOrEqual(0);
  });

  it("drains with runs under way, and is not ready again after them", () => {
    const { life, states } = begin();
    life.becomeReady();
    life.runBegun();
    life.drain();
    life.drain();
    life.runEnded();
    life.becomeReady();
    expect(states).toEqual(["ready", "busy", "draining"]);
  });

  it("ends once", () => {
    const { life, states } = begin();
    life.die(lost, "crashed");
    life.drain();
    life.becomeReady();
    expect(() => life.die(lost, "crashed")).toThrow('can\'t go from "dead" to "dead"');
    expect(states).toEqual(["dead"]);
  });

  it("keeps why it ended, unless that was on purpose", () => {
    const [broken, ended] = [begin().life, begin().life];
    broken.die(lost, "device-lost");
    ended.die(stopped, "crashed");
    expect([broken.deathError, broken.deathCause, broken.lastError]).toEqual([lost, "device-lost", lost]);
    expect([ended.deathError, ended.deathCause, ended.lastError]).toEqual([undefined, undefined, undefined]);
  });

  it("loses a context on WebGL where others lose a device", () => {
    const { life } = begin("webgl");
    life.die(lost, "device-lost");
    expect(life.deathCause).toBe("context-lost");
  });
});
