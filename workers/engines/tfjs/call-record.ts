import {
  backend,
  DataStorage,
  engine,
  type DataId,
  type KernelBackend,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";

interface CallRecord {
  readonly tensors: TfTensor[];
  readonly data: Map<DataId, DataStorage<unknown>>;
  /** How many references there were to older data, such as weights, before the call took another. */
  readonly references: Map<DataId, number>;
}

/** What the present call has created, whether it still exists or not. `undefined` between two calls. */
let current: CallRecord | undefined;
/** Settles when the present call has. A worker runs one call at a time, but tests have several engines in one realm. */
let previous: Promise<unknown> = Promise.resolve();

// A kernel that throws half-way leaves data behind that no tensor and no scope of TF.js knows of, and asynchronous graphs leave tensors.
const tracker = engine();
const track = tracker.trackTensor.bind(tracker);
tracker.trackTensor = (tensor, owner) => {
  track(tensor, owner);
  current?.tensors.push(tensor);
};
const set: unknown = Reflect.get(DataStorage.prototype, "set");
if (typeof set === "function") {
  DataStorage.prototype.set = function (this: DataStorage<unknown>, dataId: DataId, value: unknown): void {
    // What a GPU already has may be set again, when it is uploaded, for example.
    if (!this.has(dataId)) current?.data.set(dataId, this);
    Reflect.apply(set, this, [dataId, value]);
  };
}

const noted = new WeakSet<KernelBackend>();

/** Kernels take references to data without a tensor, to reshape it. */
function noteReferences(owner: KernelBackend): void {
  if (noted.has(owner)) return;
  noted.add(owner);
  const incRef = owner.incRef.bind(owner);
  owner.incRef = (dataId) => {
    if (current !== undefined && !current.data.has(dataId) && !current.references.has(dataId)) {
      current.references.set(dataId, owner.refCount(dataId));
    }
    incRef(dataId);
  };
}

/**
 * Run a call of TF.js.
 * @param call may call `release` once it only waits for what a GPU computes: then another call may begin.
 * @returns its value, or what it threw, with a way to dispose of all that it has created.
 */
export function recordCall<T>(call: (release: () => void) => Promise<T>): Promise<Recorded<T>> {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  const recorded = previous.then(() => recordAlone(call, release));
  previous = Promise.race([recorded, released]);
  return recorded;
}

type Recorded<T> = { readonly value: T } | { readonly thrown: unknown; readonly disposeAll: () => void };

async function recordAlone<T>(call: (release: () => void) => Promise<T>, onReleased: () => void): Promise<Recorded<T>> {
  const record: CallRecord = { tensors: [], data: new Map(), references: new Map() };
  noteReferences(backend());
  current = record;
  const leave = (): void => {
    if (current === record) current = undefined;
  };
  const release = (): void => {
    leave();
    // The next call may take references of its own.
    record.references.clear();
    onReleased();
  };
  try {
    return { value: await call(release) };
  } catch (thrown) {
    return { thrown, disposeAll: () => disposeOf(record) };
  } finally {
    leave();
  }
}

function disposeOf({ tensors, data, references }: CallRecord): void {
  for (const tensor of tensors) if (!tensor.isDisposed) tensor.dispose();
  const owner = backend();
  for (const [dataId, storage] of data) {
    // WebGPU keeps what waits for its queue to be submitted; it must not be disposed of twice.
    if (!storage.has(dataId) || owner.refCount(dataId) === 0) continue;
    owner.disposeData(dataId, true);
    tracker.removeDataId(dataId, owner);
  }
  for (const [dataId, countBefore] of references) {
    for (let count = owner.refCount(dataId); count > countBefore; count--) owner.disposeData(dataId);
  }
}
