/**
 * inference-sharder: run one TF.js model on all the processors of the machine.
 *
 * @module
 */
export { createSharder } from "./sharder/create-sharder.js";
export type { PredictOptions } from "./sharder/job/predict-options.js";
export type { Sharder } from "./sharder/sharder.js";
export type { ChoiceSnapshot } from "./sharder/choice/worker-choice.js";
export type { ShardUnderWay, WorkerSnapshot } from "./sharder/worker-snapshot.js";
export type { CheckState, Verification } from "./sharder/verify/verification.js";
export type { BatchPlan, LayerPlan, StageSnapshot } from "./sharder/split.js";
export type { SharderOptions, SharderSettings, InputOptions, LoadingProgress } from "./sharder/options.js";
export type { Source } from "./sharder/job/source.js";
export type { StreamOptions } from "./sharder/job/stream-options.js";
export type { StreamShard } from "./sharder/job/stream.js";
export type { Inputs } from "./sharder/inputs/prepare-inputs.js";
export type {
  AttemptDetail,
  AttemptKind,
  FaultAction,
  FaultCause,
  EngineDetail,
  FaultDetail,
  JobDetail,
  JobProgress,
  JobState,
  JournalDetail,
  JournalState,
  RebalanceDetail,
  SharderEventMap,
  WorkerDetail,
} from "./sharder/events.js";
export { BACKEND_NAMES, type BackendName, type WorkerSpec } from "./pool/worker-entries.js";
export { testServer } from "./sharder/test-server.js";
export type { ServerTest } from "./model/remote/test-server.js";
export type { RemoteModel } from "./sharder/check-remote.js";
export { setWorkerUrl } from "./pool/worker-scripts.js";
export type { WorkerState } from "./pool/worker-slot.js";
export type { SharderModel } from "./sharder/known-model.js";
export type { EngineFit } from "./sharder/engines/engine-fits.js";
export type { ModelInfo, LayerInfo, LegalCut } from "./model/inspect.js";
export type { OptimizationKind, OptimizationReport } from "./model/optimise/optimization-report.js";
export type { LoadNotice } from "./model/load/load-notice.js";
export type { ModelArtifacts, WeightSpec } from "./model/artifacts.js";
export type { TensorSpec, BatchMode } from "./protocol/model-on-wire.js";
export type {
  DType,
  InputTensor,
  Outputs,
  OutputValue,
  RaggedTensor,
  Tensor,
  Uint8Tensor,
} from "./protocol/tensors.js";
export type { PowerPreference } from "./protocol/worker-api.js";
export type { ItemRange, Policy } from "./core/dispatch/types.js";
export { deleteJournal, exportJournal, inspectJournal, listJournals } from "./sharder/journal/manage-journals.js";
export type { JournalOptions, StreamJournalOptions } from "./sharder/journal/journal-options.js";
export type { JournalInfo } from "./protocol/journal-api.js";
export { predictPictures } from "./jobs/predict-pictures.js";
export { streamPictures, type PictureResult, type PictureSource } from "./jobs/stream-pictures.js";
export type { PictureOptions } from "./jobs/picture-options.js";
export type { Picture } from "./jobs/picture-worker.js";
export {
  upscalePicture,
  type PictureInProgress,
  type UpscaledPicture,
  type UpscaleOptions,
} from "./jobs/upscale-picture.js";
export { convertPicture } from "./jobs/convert-picture.js";
export type {
  OpenedPicture,
  PictureColourSpace,
  PictureEncoding,
  PictureFit,
  PictureLoss,
  PictureView,
  PlacedTile,
  Rgb,
} from "./protocol/picture-api.js";
export { findPictureInput, type PictureInput } from "./jobs/picture-tensors.js";
export { randomInputs, type FreeSize } from "./jobs/random-inputs.js";
export { streamItems, type ItemResult } from "./jobs/stream-items.js";
export { streamRandom } from "./jobs/stream-random.js";
export { describeOutputs, type OutputCell } from "./jobs/output-table.js";
export { labelsInArchive } from "./jobs/labels-in-archive.js";
export type { Rectangle } from "./core/tiles.js";
export { fetchLabels, readLabels, type FetchLabelsOptions, type ModelLabels } from "./jobs/labels.js";
export { topK, type RankedClass } from "./jobs/top-k.js";
export { ShardError, type ItemError, type ShardErrorCode } from "./core/errors.js";
