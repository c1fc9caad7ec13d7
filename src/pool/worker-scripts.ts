import { ShardError } from "../core/errors.js";

/** The folder that worker scripts are loaded from; `undefined`: from beside the library's own script. */
let folder: URL | undefined;
/** Whether a script has been found on the page's own origin, where all of them lie beside each other. */
let areOnPagesOrigin = false;
/** A small script in memory for each script of another origin. There are as many as there are worker scripts, so none is revoked. */
const bootstraps = new Map<string, string>();

/**
 * Load the worker scripts of this page from another folder than the one beside the library.
 *
 * A page that takes the library from another origin, such as a CDN, needs nothing of this as a rule: browsers start no worker from there, so
 * one is started from a `blob:` address and imports the script. A Content-Security-Policy may allow neither `blob:` in worker-src nor that
 * origin in script-src. Then copy the build's folder `assets` (scripts and .wasm files, whole) to the page's own origin, and name it here
 * before the first sharder is created. The copy has to be of the same build: its file names carry hashes.
 *
 * @param address of the folder, relative to the page; `undefined`: beside the library again.
 * @throws ShardError "invalid-options"
 */
export function setWorkerUrl(address: string | URL | undefined): void {
  folder = address === undefined ? undefined : folderAt(address);
}

/**
 * Start a worker's script from where it is, whether that is the page's origin or not.
 * @param spawn makes the Worker, in the literal form by which bundlers recognise its script.
 * @throws what the browser throws if it refuses.
 */
export function startScript(spawn: () => Worker): Worker {
  if (folder === undefined && areOnPagesOrigin) return spawn();
  const asked = askedFor(spawn);
  if (asked === undefined) return spawn();
  const address = folder === undefined ? asked.address : new URL(fileName(asked.address), folder);
  if (isElsewhere(address)) return new Worker(bootstrapFor(address.href), asked.options);
  if (folder !== undefined) return new Worker(address, asked.options);
  areOnPagesOrigin = true;
  return spawn();
}

interface AskedWorker {
  readonly address: URL;
  readonly options: WorkerOptions | undefined;
}

/**
 * What `spawn` would start. Bundlers know a worker's script only by `new Worker(new URL(…))` as a whole, so that its address can't be had
 * in any other way than this: the global constructor is another one while `spawn` runs, which takes no time of anyone else's.
 * @returns `undefined` where that can't be found out.
 */
function askedFor(spawn: () => Worker): AskedWorker | undefined {
  const real = globalThis.Worker;
  let asked: AskedWorker | undefined;
  const noting = new Proxy(real, {
    construct(_, [address, options]: [string | URL, WorkerOptions?]) {
      asked = { address: new URL(address, globalThis.document?.baseURI ?? location.href), options };
      return Object.create(real.prototype) as Worker;
    },
  });
  try {
    globalThis.Worker = noting;
    spawn();
  } catch {
    // Where the constructor can't be replaced, or the address is none, the browser's own error says more.
    return undefined;
  } finally {
    if (globalThis.Worker === noting) globalThis.Worker = real;
  }
  return asked;
}

/** Whether browsers refuse to construct a worker from this address because of its origin. */
function isElsewhere({ protocol, origin }: URL): boolean {
  return /^https?:$/.test(protocol) && origin !== globalThis.origin;
}

/** An import that is not dynamic: it is evaluated before the worker takes its first message, so that none is lost. */
function bootstrapFor(address: string): string {
  let bootstrap = bootstraps.get(address);
  if (bootstrap === undefined) {
    const code = `import ${JSON.stringify(address)};`;
    bootstrap = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    bootstraps.set(address, bootstrap);
  }
  return bootstrap;
}

function fileName({ pathname, search }: URL): string {
  return `${pathname.slice(pathname.lastIndexOf("/") + 1)}${search}`;
}

function folderAt(address: string | URL): URL {
  try {
    const url = new URL(address, globalThis.document?.baseURI ?? location.href);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return url;
  } catch (cause) {
    throw new ShardError(
      "invalid-options",
      `Expected the address of a folder with the worker scripts, received "${String(address)}": pass one like "/vendor/inference-sharder/assets/".`,
      { cause },
    );
  }
}
