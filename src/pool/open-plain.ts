import type { PlainApi } from "../protocol/plain-api.js";
import { openWebWorker } from "./open-web-worker.js";
import type { WorkerLink } from "./worker-link.js";

/** The worker that runs TF.js as it comes. Apart from the other entries, so that only who measures it carries it. @throws as `openWorker` */
export function openPlainWorker(): WorkerLink<PlainApi<File>> {
  return openWebWorker(
    "plain TF.js",
    () => new Worker(new URL("../../workers/plain-tfjs.ts", import.meta.url), { type: "module", name: "plain-tfjs" }),
  );
}
