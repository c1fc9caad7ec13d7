import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeathCause } from "../../../../src/core/death-cause.js";
import { seededRandom } from "../../../../src/core/random.js";
import { RestartPolicy, type Death, type RestartPlan } from "../../../../src/core/restarts/restart-policy.js";

const WASM = ["wasm", "cpu"];
const GPU = ["webgpu", "webgl", "wasm", "cpu"];

/** A worker under the policy, on a virtual clock: what it does when told to restart is up to the test. */
class Patient {
  readonly policy: RestartPolicy;
  readonly workerId: string;
  readonly backends: readonly string[];
  backend: string;
  nowMs = 0;

  constructor(backends: readonly string[], policy = new RestartPolicy(() => 0.5), workerId = "w-1") {
    [this.policy, this.workerId, this.backends, this.backend] = [policy, workerId, backends, backends[0]!];
    this.start();
  }

  start(backend = this.backend): void {
    this.backend = backend;
    this.policy.started(backend, this.nowMs);
    this.policy.ready(this.workerId, backend);
  }

  /** @param afterMs since it became ready. */
  die(cause: DeathCause, afterMs = 0, more: Partial<Death> = {}): RestartPlan {
    this.nowMs += afterMs;
    const death = { backend: this.backend, cause, readyMs: afterMs, runCount: 0, isLast: false, ...more };
    return this.policy.died(this, death, this.nowMs);
  }

  /** Wait as the plan says, then fail to start. */
  failToStart(plan: RestartPlan, cause: DeathCause = "crashed"): RestartPlan {
    if (plan.kind !== "restart") throw new Error(`expected a restart, received ${plan.kind}`);
    this.nowMs += plan.delayMs;
    this.backend = plan.backend;
    this.policy.started(plan.backend, this.nowMs);
    return this.die(cause, 0, { readyMs: undefined });
  }
}

describe("a worker that was healthy", () => {
  it("is restarted on its backend within a quarter of a second, every time", () => {
    const worker = new Patient(WASM, new RestartPolicy(seededRandom(7)));
    for (let i = 0; i < 50; i++) {
      const plan = worker.die("crashed", 30_000);
      expect(plan).toEqual({ kind: "restart", backend: "wasm", delayMs: expect.any(Number) });
      if (plan.kind === "restart") expect(plan.delayMs).toBeGreaterThanOrEqual(125);
      if (plan.kind === "restart") expect(plan.delayMs).toBeLessThanOrEqual(250);
      worker.start();
    }
  });

  it("is so, too, if it has done some work before it crashed soon after its start", () => {
    const worker = new Patient(WASM);
    for (let i = 0; i < 50; i++) {
      expect(worker.die("crashed", 100, { runCount: 1 })).toEqual({ kind: "restart", backend: "wasm", delayMs: 187.5 });
      worker.start();
    }
  });

  it("restarts with all others that were ended at the same time", () => {
    const policy = new RestartPolicy(() => 0);
    const workers = Array.from({ length: 12 }, (_, i) => new Patient(GPU, policy, `w-${i}`));
    for (const worker of workers) {
      expect(worker.die("device-lost", 30_000)).toEqual({ kind: "restart", backend: "webgpu", delayMs: 250 });
    }
  });
});

describe("a worker that dies again and again", () => {
  it("waits longer each time, and is given up in the end", () => {
    const worker = new Patient(WASM);
    const delays: number[] = [];
    for (;;) {
      const plan = worker.die("crashed", 10);
      if (plan.kind !== "restart") {
        expect(plan).toEqual({ kind: "give-up" });
        break;
      }
      delays.push(Math.round(plan.delayMs));
      worker.start(plan.backend);
    }
    expect(delays).toEqual([188, 563, 1688, 5063, 15188, 30000, 30000]);
  });

  it("starts over after a healthy time", () => {
    const worker = new Patient(WASM);
    for (let i = 0; i < 4; i++) {
      worker.die("crashed", 10);
      worker.start();
    }
    expect(worker.die("crashed", 10_000)).toMatchObject({ delayMs: 187.5 });
  });

  it("moves to the next backend if its own does not start it, and on from there", () => {
    const worker = new Patient(GPU);
    let plan = worker.die("device-lost", 30_000);
    const tried: string[] = [];
    while (plan.kind === "restart") {
      tried.push(plan.backend);
      plan = worker.failToStart(plan);
    }
    expect(tried).toEqual(["webgpu", "webgpu", "webgl", "wasm", "cpu", "webgpu", "webgpu"]);
    expect(worker.nowMs).toBeLessThan(30_000 + 120_000);
  });

  it("falls back within five seconds if its GPU is gone, but stays on WASM through a few failures", () => {
    const gpu = new Patient(["webgpu", "wasm"]);
    let plan = gpu.die("device-lost", 30_000);
    while (plan.kind === "restart" && plan.backend === "webgpu") plan = gpu.failToStart(plan);
    expect(plan).toMatchObject({ kind: "restart", backend: "wasm" });
    expect(gpu.nowMs + (plan.kind === "restart" ? plan.delayMs : NaN)).toBeLessThan(30_000 + 5_000);
    const wasm = new Patient(WASM);
    plan = wasm.die("crashed", 30_000);
    const tried: string[] = [];
    for (let i = 0; i < 4 && plan.kind === "restart"; i++) {
      tried.push(plan.backend);
      plan = wasm.failToStart(plan);
    }
    expect([...tried, plan.kind === "restart" && plan.backend]).toEqual(["wasm", "wasm", "wasm", "wasm", "cpu"]);
  });

  it("leaves a GPU alone that is lost several times in a short while, and so do the others", () => {
    const policy = new RestartPolicy(() => 0.5);
    const [worker, other] = [new Patient(GPU, policy), new Patient(GPU, policy, "w-2")];
    const backends: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const plan = worker.die("device-lost", 15_000);
      backends.push(plan.kind === "restart" && plan.backend);
      if (i < 2) worker.start();
    }
    expect(backends).toEqual(["webgpu", "webgpu", "webgl"]);
    worker.start("webgl");
    other.nowMs = worker.nowMs;
    expect(other.die("crashed", 20_000)).toMatchObject({ backend: "webgl" });
    // After the breaker's time one of them may try.
    const waitMs = policy.returnMs(worker, "webgl", worker.nowMs);
    expect(waitMs).toBe(60_000);
    expect(policy.next(worker, worker.nowMs + waitMs!)).toEqual({ kind: "restart", backend: "webgpu", delayMs: 0 });
    policy.started("webgpu", worker.nowMs + waitMs!);
    expect(policy.next(other, worker.nowMs + waitMs!)).toMatchObject({ backend: "webgl", delayMs: 0 });
  });

  it("never returns to a backend that can't run the model", () => {
    const worker = new Patient(["webgpu", "wasm"]);
    let plan = worker.failToStart(worker.die("crashed", 20_000), "threw");
    expect(plan).toMatchObject({ kind: "restart", backend: "wasm" });
    expect(worker.policy.returnMs(worker, "wasm", worker.nowMs)).toBeUndefined();
    plan = worker.failToStart(plan, "threw");
    expect(plan).toEqual({ kind: "give-up" });
  });

  it("that has never been ready is given up soon", () => {
    const policy = new RestartPolicy(() => 0.5);
    const death: Death = { backend: "wasm", cause: "hung", readyMs: undefined, runCount: 0, isLast: true };
    const plans = [1, 2, 3].map((nowMs) => policy.died({ workerId: "new", backends: ["wasm"] }, death, nowMs).kind);
    expect(plans).toEqual(["restart", "restart", "give-up"]);
  });
});

describe("a worker that was proven wrong", () => {
  it("is left alone for minutes, and longer the next time", () => {
    const worker = new Patient(GPU);
    expect(worker.die("wrong-output", 5_000)).toEqual({ kind: "quarantine", delayMs: 300_000 });
    worker.nowMs += 300_000;
    expect(worker.policy.next(worker, worker.nowMs)).toEqual({ kind: "restart", backend: "webgpu", delayMs: 0 });
    worker.start();
    expect(worker.die("wrong-output", 5_000)).toEqual({ kind: "quarantine", delayMs: 600_000 });
  });

  it("moves to another backend at once if it is the last one, and is quarantined if there is no other backend", () => {
    const worker = new Patient(GPU);
    expect(worker.die("wrong-output", 5_000, { isLast: true })).toMatchObject({ kind: "restart", backend: "webgl" });
    expect(new Patient(["cpu"]).die("wrong-output", 5_000, { isLast: true })).toMatchObject({ kind: "quarantine" });
  });
});

describe("a worker that is a server", () => {
  const SERVER = ["remote https://host/v2/models/x"];

  it("is left alone for as long as it asks, up to an hour", () => {
    const delayOf = (retryAfterMs: number | undefined) => {
      const plan = new Patient(SERVER, new RestartPolicy(() => 0)).die("server-lost", 30_000, { retryAfterMs });
      return plan.kind === "restart" ? plan.delayMs : plan.kind;
    };
    expect([undefined, 0, 60_000, 1e9].map(delayOf)).toEqual([250, 250, 60_000, 3_600_000]);
  });

  it("is tried for half an hour, also if it has never been ready", () => {
    for (const isNew of [false, true]) {
      const worker = new Patient(SERVER);
      if (isNew) worker.policy.forget(worker.workerId);
      let plan = isNew ? worker.die("server-lost", 0, { readyMs: undefined }) : worker.die("server-lost");
      let failureCount = 1;
      for (; plan.kind === "restart"; failureCount++) plan = worker.failToStart(plan, "server-lost");
      expect([plan.kind, failureCount]).toEqual(["give-up", 60]);
      expect(worker.nowMs).toBeGreaterThan(20 * 60_000);
      expect(worker.nowMs).toBeLessThan(40 * 60_000);
    }
  });
});

it("whatever happens: no restart while a breaker is open, pauses within bounds, and no end but after many failures", () => {
  const causes = ["crashed", "hung", "device-lost", "context-lost", "out-of-memory"] as const;
  const step = fc.record({
    worker: fc.nat(3),
    cause: fc.constantFrom(...causes),
    upMs: fc.constantFrom(undefined, 0, 500, 5_000, 20_000, 100_000),
    runCount: fc.constantFrom(0, 0, 1),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer(), (steps, seed) => {
      const policy = new RestartPolicy(seededRandom(seed));
      const workers = [GPU, GPU, WASM, ["cpu"]].map((backends, i) => new Patient(backends, policy, `w-${i}`));
      const unhealthy = [0, 0, 0, 0];
      let nowMs = 0;
      for (const { worker: index, cause, upMs, runCount } of steps) {
        const worker = workers[index]!;
        worker.nowMs = nowMs;
        const isHealthy = (upMs ?? 0) >= 10_000 || runCount > 0;
        unhealthy[index] = isHealthy ? 1 : unhealthy[index]! + 1;
        const plan = worker.die(cause, upMs ?? 0, { readyMs: upMs, runCount });
        nowMs = worker.nowMs;
        if (plan.kind === "give-up") {
          expect(unhealthy[index]).toBeGreaterThanOrEqual(8);
          policy.forget(worker.workerId);
          unhealthy[index] = 0;
          worker.start(worker.backends[0]);
          continue;
        }
        if (plan.kind !== "restart") throw new Error(plan.kind);
        expect(plan.delayMs).toBeGreaterThanOrEqual(0);
        expect(plan.delayMs).toBeLessThanOrEqual(600_000);
        expect(worker.backends).toContain(plan.backend);
        nowMs += plan.delayMs;
        const now = policy.next(worker, nowMs);
        // Another may have taken the trial meanwhile: then it is told to wait or to go elsewhere.
        if (now.kind === "restart" && now.delayMs === 0) worker.start(now.backend);
        else worker.start(plan.backend);
      }
    }),
    { numRuns: 60 },
  );
});
