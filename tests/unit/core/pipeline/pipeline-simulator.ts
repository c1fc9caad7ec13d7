// Carries out the pipeline's actions on a virtual clock, with workers that run one attempt after another.
import { createPipeline, stepPipeline } from "../../../../src/core/pipeline/pipeline.js";
import type {
  PipelineAction,
  PipelineEvent,
  PipelineOptions,
  StageAttempt,
  Suspect,
} from "../../../../src/core/pipeline/types.js";

type Cost = (attempt: StageAttempt) => number;

export class PipelineSimulator {
  state;
  nowMs = 0;
  readonly log: PipelineAction[] = [];
  /** Items in the order in which they left. */
  readonly completed: { firstItem: number; itemCount: number; atMs: number }[] = [];
  /** By stage: the most micro-batches that were in it or waited for it at once. */
  readonly mostAt = new Map<number, number>();
  /** Returns the events with which an action is answered. */
  onAction: (action: PipelineAction) => PipelineEvent[] = () => [];
  /** How an attempt that has run ends. */
  outcome: (attempt: StageAttempt) => PipelineEvent = ({ attemptId }) => ({ type: "attempt-completed", attemptId });
  readonly #queues = new Map<string, { attempt: StageAttempt; endMs: number }[]>();
  readonly #cost: Cost;

  constructor(cost: Cost, options?: Partial<PipelineOptions>) {
    this.#cost = cost;
    this.state = createPipeline(options);
  }

  send(event: PipelineEvent): void {
    const { state, actions } = stepPipeline(this.state, event);
    this.state = state;
    this.log.push(...actions);
    for (const [stage, count] of this.#stageCounts()) {
      this.mostAt.set(stage, Math.max(this.mostAt.get(stage) ?? 0, count));
    }
    for (const action of actions) this.#carryOut(action);
  }

  /** Run until nothing is under way that ends, or until the time is up. An attempt that costs Infinity hangs. */
  run(untilMs = Infinity): void {
    for (;;) {
      const next = [...this.#queues.values()].flatMap((queue) => queue[0] ?? []).sort((a, b) => a.endMs - b.endMs)[0];
      if (next === undefined || next.endMs > untilMs || next.endMs === Infinity) {
        if (untilMs < Infinity) this.nowMs = untilMs;
        return;
      }
      this.nowMs = next.endMs;
      const { attempt } = next;
      this.#queues.get(attempt.workerId)!.shift();
      this.send(this.outcome(attempt));
    }
  }

  /** What each worker is on that never ends by itself. */
  get hanging(): StageAttempt[] {
    return [...this.#queues.values()].flatMap(([first]) => (first?.endMs === Infinity ? [first.attempt] : []));
  }

  /** A worker that hangs answers after all. */
  answer(workerId: string): void {
    const attempt = this.#queues.get(workerId)?.shift()?.attempt;
    if (attempt === undefined) return;
    const queue = this.#queues.get(workerId)!;
    let startMs = this.nowMs;
    for (const each of queue) startMs = each.endMs = startMs + this.#cost(each.attempt);
    this.send({ type: "worker-answered", workerId });
    this.send(this.outcome(attempt));
  }

  lose(workerId: string, cause?: Suspect["cause"]): void {
    const running = this.#queues.get(workerId)?.[0]?.attempt;
    this.#queues.delete(workerId);
    const suspect = running && cause && { attemptId: running.attemptId, cause };
    this.send({ type: "worker-lost", workerId, suspect });
  }

  #carryOut(action: PipelineAction): void {
    if (action.type === "dispatch") {
      const { attempt } = action;
      const queue = this.#queues.get(attempt.workerId) ?? [];
      this.#queues.set(attempt.workerId, queue);
      const startMs = Math.max(this.nowMs, queue.at(-1)?.endMs ?? 0);
      queue.push({ attempt, endMs: startMs + this.#cost(attempt) });
    } else if (action.type === "cancel-attempt") {
      const queue = this.#queues.get(action.workerId) ?? [];
      const index = queue.findIndex(({ attempt }) => attempt.attemptId === action.attemptId);
      // What a worker has begun it also ends.
      if (index > 0 || queue[0]?.endMs !== Infinity) queue.splice(index, index < 0 ? 0 : 1);
    } else if (action.type === "completed") {
      this.completed.push({ ...action.range, atMs: this.nowMs });
    }
    for (const event of this.onAction(action)) this.send(event);
  }

  #stageCounts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { stage } of this.state.microBatches.values()) counts.set(stage, (counts.get(stage) ?? 0) + 1);
    return counts;
  }
}

/** "each once" if every item of 0 … count-1 is there once; else the first that is missing or comes twice. */
export function coverage(completed: readonly { firstItem: number; itemCount: number }[], count: number): string {
  const seen = Array.from({ length: count }, () => 0);
  for (const { firstItem, itemCount } of completed) {
    for (let item = firstItem; item < firstItem + itemCount; item++) seen[item] = (seen[item] ?? 0) + 1;
  }
  const wrong = seen.findIndex((times) => times !== 1);
  return wrong < 0 ? "each once" : `item ${wrong}: ${seen[wrong]} times`;
}
