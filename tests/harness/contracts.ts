// Runs the contract suites inside a page, on real workers.
import { openWebWorker } from "../../src/pool/open-web-worker.js";
import { openEntry, type EngineName, type EntryName } from "../../src/pool/worker-entries.js";
import type { WorkerApi } from "../../src/protocol/worker-api.js";
import { valueOf } from "../contract/check.js";
import type { EchoApi } from "../contract/echo.js";
import { plusOneOnnx } from "../contract/plus-one-onnx.js";
import { plusOneTflite } from "../contract/plus-one-tflite.js";
import { plusOneWire, type MakePlusOne } from "../contract/plus-one.js";
import { workerApiContract, type OpenedWorker, type WorkerState } from "../contract/worker-api.js";
import { workerLinkContract, type OpenedLink } from "../contract/worker-link.js";

interface Opened extends OpenedWorker {
  /** Rejects if the worker ends by itself, since calls to it never settle then. */
  readonly lost: Promise<never>;
}

async function openWorker(entry: EntryName, state: WorkerState, url: string | undefined): Promise<Opened> {
  const link = openEntry(entry, `contract-${entry}`);
  const lost = new Promise<never>((_, reject) => {
    link.onEnd((reason) => reject(new Error(`the worker ended: ${reason}`)));
  });
  lost.catch(() => {});
  const start: WorkerApi["start"] = (config) => link.api.start({ ...config, url });
  // Comlink's proxies have no properties of their own to copy.
  const api = new Proxy(link.api, { get: (target, key) => (key === "start" ? start : Reflect.get(target, key)) });
  if (state === "started") valueOf(await Promise.race([api.start({ workerId: entry }), lost]));
  return {
    api,
    plusOne: PLUS_ONE[engineOfEntry(entry)],
    close: () => link.close(),
    lost,
  };
}

const PLUS_ONE: Readonly<Record<EngineName, MakePlusOne>> = {
  tfjs: plusOneWire,
  litert: plusOneTflite,
  onnx: plusOneOnnx,
  remote: plusOneWire,
};

function engineOfEntry(entry: EntryName): EngineName {
  return entry.split("/")[0] as EngineName;
}

/** One worker per entry for all cases that don't need a new one, because it takes a while to start a backend. */
const started = new Map<EntryName, Promise<Opened>>();

/**
 * Run one case of the contract on a worker of one entry.
 * @param url of a server that adds 1, for a remote worker.
 * @throws Error saying what the worker did
 */
export async function runWorkerApiCase(entry: EntryName, title: string, url?: string): Promise<void> {
  const { state, run } = find(workerApiContract, title);
  const opening = (state === "started" ? started.get(entry) : undefined) ?? openWorker(entry, state, url);
  if (state === "started") started.set(entry, opening);
  const worker = await opening;
  let isReusable = false;
  try {
    await Promise.race([run(worker), worker.lost]);
    isReusable = state === "started";
  } finally {
    if (!isReusable) {
      worker.close();
      if (state === "started") started.delete(entry);
    }
  }
}

/** Run one case of the contract of links over Web Workers. @throws Error saying what the link did */
export function runWorkerLinkCase(title: string): Promise<void> {
  return find(workerLinkContract, title).run(openEcho);
}

async function openEcho(): Promise<OpenedLink> {
  const link = openWebWorker<EchoApi>(
    "an echo",
    () => new Worker(new URL("./echo-worker.ts", import.meta.url), { type: "module", name: "echo" }),
  );
  // A second lock in addition to the link's own, to observe from outside.
  const name = `echo/${crypto.randomUUID()}`;
  const isHeld = valueOf(await link.api.attach(name));
  if (!isHeld) throw new Error("expected the worker to hold its lock");
  const isFarEndAlive = async (): Promise<boolean> =>
    ((await navigator.locks.query()).held ?? []).some((lock) => lock.name === name);
  return { link, isFarEndAlive };
}

function find<T extends { readonly title: string }>(cases: readonly T[], title: string): T {
  const found = cases.find((each) => each.title === title);
  if (found === undefined) throw new Error(`no case "${title}"`);
  return found;
}
