/**
 * The workers' colours. Each has a contrast of at least 3 to the panels of both themes, so that bars and swatches are
 * visible in dark and light (tests/unit/ui/workers/colours.test.ts).
 */
export const WORKER_COLOURS = [
  "#3b7dd8",
  "#c9631b",
  "#2e8b57",
  "#9a5fd0",
  "#1c8c9c",
  "#c9509a",
  "#8a7f1e",
  "#d14a4a",
] as const;

/** Gives each worker a colour that it keeps. Colours repeat once there are more workers than colours. */
export class WorkerColours {
  readonly #indices = new Map<string, number>();

  of(workerId: string): string {
    const index = this.#indices.get(workerId) ?? this.#indices.size;
    this.#indices.set(workerId, index);
    return WORKER_COLOURS[index % WORKER_COLOURS.length]!;
  }
}
