import { ShardError } from "../../core/errors.js";
import type { PipelineEvent, PipelineState, StagePlacement } from "../../core/pipeline/types.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { Deployment } from "./deployment.js";
import type { LayerLayout } from "./layer-layout.js";
import { firstItem } from "./trace-model.js";

/** Micro-batches change their size only by more than this factor, so that the sizes that run tell overhead from cost per item. */
const NOTEWORTHY_GROWTH = 1.4;

/** How many items the layers are measured with at most, where one can't be run. */
const MAX_MEASURED_ITEMS = 16;

/** What a job counts, as far as the size of its micro-batches depends on it. */
interface CountedItems {
  /** How many items have not entered yet; `undefined` while a stream's source is open. */
  readonly remainingItemCount: number | undefined;
  /** Whether a micro-batch may have several units. */
  readonly areUnits: boolean;
}

/** The stages that one job runs on: it asks the layout for them, and for others where they are missing. */
export class JobStages {
  readonly #layout: LayerLayout;

  constructor(layout: LayerLayout) {
    this.#layout = layout;
  }

  /** Stages to run on. A model that takes whole batches may not run on one item: then its layers are measured with more. @throws as `LayerLayout.ready` */
  async ready(inputs: PreparedInputs): Promise<void> {
    try {
      await this.#layout.ready(firstItem(inputs));
    } catch (thrown) {
      const itemCount = Math.min(inputs.itemCount, MAX_MEASURED_ITEMS);
      const isOfModel = thrown instanceof ShardError && thrown.code.startsWith("model-");
      if (!isOfModel || itemCount <= inputs.groupItemCount || !this.#layout.forgetItem()) throw thrown;
      await this.#layout.ready(firstItem(inputs, itemCount));
    }
  }

  /** Groups and whole batches flow one by one. */
  placementOn(deployment: Deployment, { remainingItemCount, areUnits }: CountedItems): StagePlacement {
    const placement = this.#layout.times.placementFor(deployment, remainingItemCount);
    return areUnits ? placement : { ...placement, microBatchItemCount: 1 };
  }

  /** @returns the current stages, if the measured times show that another size of micro-batches is noticeably better on them. */
  resizable({ currentEpoch, placements }: PipelineState, items: CountedItems): Deployment | undefined {
    const { current } = this.#layout;
    if (current === undefined || current.epoch !== currentEpoch) return undefined;
    const before = placements.get(current.epoch)!.microBatchItemCount;
    const growth = this.placementOn(current, items).microBatchItemCount / before;
    return growth >= NOTEWORTHY_GROWTH || growth <= 1 / NOTEWORTHY_GROWTH ? current : undefined;
  }

  /**
   * Move a stage that has no worker to another one, where what waits for it runs. If none has room, everything restarts on new stages.
   * @throws as `LayerLayout.replace`
   */
  async fillVacancy(epoch: number, stage: number): Promise<PipelineEvent> {
    const workerIds = await this.#layout.restaff(epoch, stage);
    if (workerIds.length > 0) return { type: "staffed", epoch, stage, workerIds };
    await this.#layout.replace(epoch);
    return { type: "abandoned", epoch };
  }

  /** Load a stage on a worker beside those that don't answer, or that have failed. Never rejects. */
  async findAnother(epoch: number, stage: number, except: readonly string[]): Promise<PipelineEvent> {
    // If it can't be loaded there, the present workers have to do.
    const workerIds = await this.#layout.restaff(epoch, stage, except).catch(() => []);
    return workerIds.length > 0 ? { type: "staffed", epoch, stage, workerIds } : { type: "unstaffed", epoch, stage };
  }

  /** What an item takes in the slowest of the current stages, ms: items follow each other through it. `undefined` until it is known. */
  get bottleneckMs(): number | undefined {
    const { current, times } = this.#layout;
    return current === undefined ? undefined : times.bottleneckMs(current);
  }
}
