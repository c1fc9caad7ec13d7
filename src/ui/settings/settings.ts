import type { SharderSettings } from "../../index.js";

/** What the user can set for the jobs of a tab. */
export interface JobSettings {
  readonly policy: NonNullable<SharderSettings["policy"]>;
  readonly quantumMs: number;
  readonly verify: number | false;
  readonly onItemError: NonNullable<SharderSettings["onItemError"]>;
  /** Of pictures, pixels; `undefined`: by the picture's size. */
  readonly tileSize: number | undefined;
}

export const DEFAULT_SETTINGS: JobSettings = {
  policy: "makespan",
  quantumMs: 100,
  verify: 0,
  onItemError: "throw",
  tileSize: undefined,
};

/** A setting with few values, each with its words. */
export interface Choice<T> {
  readonly value: T;
  readonly title: string;
}

export const POLICIES: readonly Choice<JobSettings["policy"]>[] = [
  { value: "makespan", title: "so that all finish together" },
  { value: "capacity-proportional", title: "by speed alone" },
  { value: "equal", title: "the same for each worker" },
];

export const CHECKS: readonly Choice<JobSettings["verify"]>[] = [
  { value: 0, title: "of GPUs, now and then" },
  { value: 0.1, title: "a tenth of all" },
  { value: 1, title: "all of them (takes twice the work)" },
  { value: false, title: "never" },
];

export const ITEM_ERRORS: readonly Choice<JobSettings["onItemError"]>[] = [
  { value: "throw", title: "ends the job" },
  { value: "report", title: "is left out, and the job goes on" },
];

/** The part of a change that a sharder takes. */
export function sharderSettings({ policy, quantumMs, verify, onItemError }: Partial<JobSettings>): SharderSettings {
  return {
    ...(policy === undefined ? {} : { policy }),
    ...(quantumMs === undefined ? {} : { quantumMs }),
    ...(verify === undefined ? {} : { verify }),
    ...(onItemError === undefined ? {} : { onItemError }),
  };
}
