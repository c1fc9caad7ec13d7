import { ShardError } from "../src/core/errors.js";
import type { ModelReaderApi } from "../src/protocol/reader-api.js";
import { Reading } from "./reader/reading.js";
import { exposeApi } from "./runtime/expose.js";
import { acknowledge, reply } from "./runtime/reply.js";

/** The reader's worker: zips and HDF5 files. It reads one file at a time, in steps, and has no inference engine. */
let reading: Reading | undefined;

exposeApi<ModelReaderApi<Blob>>({
  begin: (request) =>
    acknowledge(async () => void (reading = await Reading.begin(request)), { fallback: "backend-unavailable" }),
  step: () =>
    reply(() => begun().step(), {
      fallback: "model-malformed",
      transferables: (step) =>
        step.kind === "model" && step.model.weightData instanceof ArrayBuffer ? [step.model.weightData] : [],
    }),
});

function begun(): Reading {
  if (reading !== undefined) return reading;
  throw new ShardError("internal", "Expected a file to read, received a step before begin().");
}
