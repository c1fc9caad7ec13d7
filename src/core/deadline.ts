export interface DeadlineOptions {
  readonly factor: number;
  readonly floorMs: number;
  readonly warmUpMs: number;
}
export const STAGE_DEADLINES: DeadlineOptions = { factor: 10, floorMs: 30_000, warmUpMs: 120_000 };
export function deadlineMs({ factor, floorMs, warmUpMs }: DeadlineOptions, predictedMs: number | undefined): number {
  return predictedMs === undefined ? warmUpMs : factor * predictedMs + floorMs;
}
