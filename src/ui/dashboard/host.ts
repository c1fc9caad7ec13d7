import type { InputTensor } from "../../index.js";
import type { EngineChoice } from "../settings/engine-setting.js";
import type { SplitName } from "../settings/split-setting.js";

/** What a job runs on, so that it can be measured again: with one worker, and with plain TF.js. */
export interface Workload {
  /** Where the model came from. */
  readonly model: string | readonly File[];
  /** What people call it. */
  readonly modelName: string;
  /** The items of the job itself. */
  readonly itemCount: number;
  /** What an item is like, such as "128 × 128 × 3": the speed depends on it. */
  readonly itemShape: string;
  /** Make as many items like those of the job. */
  inputs(itemCount: number): Readonly<Record<string, InputTensor>>;
}

/** The tab around a dashboard, as its panels need it. */
export interface DashboardHost {
  /** Say that something failed, and what to do. */
  fail(title: string, message: string): void;
  /** Write a line into the events. */
  note(text: string): void;
  /** Whether a job is opening, running or paused. */
  readonly isBusy: boolean;
  /** Let the present job be the last, where one follows the other. */
  stopRepeating?(): void;
  /** What the present job, or the last one, runs on; `undefined` before there is one. */
  readonly workload: Workload | undefined;
  /** Why no job of the present sharder can be measured again, in a sentence; `undefined` where it can. */
  readonly whyUnmeasured?: string | undefined;
  /** How the model is to be divided; left out where that is chosen elsewhere. */
  readonly division?: Division | undefined;
}

/** How a model is divided among workers, and which engine they run. */
export interface Division {
  readonly split: SplitName;
  /** "auto": whichever is faster. */
  readonly engine: EngineChoice;
  /** Another one, on workers like the present ones. What is left out stays. Says what failed. @returns whether that is done. */
  change(change: { readonly split?: SplitName; readonly engine?: EngineChoice }): Promise<boolean>;
}
