import type { PlainApi } from "../src/protocol/plain-api.js";
import { loadPlain, type PlainModel } from "./engines/tfjs/plain/plain-model.js";
import { exposeApi } from "./runtime/expose.js";
import { reply } from "./runtime/reply.js";

/** The worker of plain TF.js: what this library is compared with. */
let model: PlainModel | undefined;

exposeApi<PlainApi<File>>({
  load: (request) =>
    reply(
      async () => {
        const loaded = await loadPlain(request);
        model = loaded.model;
        return loaded.device;
      },
      { fallback: "model-unsupported" },
    ),
  run: (request) =>
    reply(() => model!.run(request), {
      fallback: "model-failed",
      transferables: (outputs) =>
        outputs.flatMap((output) => (Array.isArray(output) ? [] : [output.buffer as ArrayBuffer])),
    }),
});
