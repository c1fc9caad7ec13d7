// What a TF.js user would write by hand to keep the page responsive: one worker, one backend, messages with
// transferables.
import { ready, setBackend } from "@tensorflow/tfjs-core";
import type { LoopReply, LoopRequest } from "./tfjs-loop-protocol.js";
import { loadTfjsModel, type TfjsModel } from "./tfjs-model.js";
import { configureWasm } from "./tfjs-wasm.js";

let model: TfjsModel | undefined;

self.onmessage = async ({ data: request }: MessageEvent<LoopRequest>) => {
  try {
    if (request.type === "load") {
      configureWasm();
      await setBackend("wasm");
      await ready();
      model = await loadTfjsModel(request.source);
      reply({ type: "loaded" });
    } else {
      const outputs = await model!.run(request.batch, request.chunkItemCount);
      const buffers = outputs.map(({ buffer }) => buffer as ArrayBuffer);
      reply({ type: "outputs", outputs }, buffers);
    }
  } catch (thrown) {
    reply({ type: "failed", message: String(thrown) });
  }
};

function reply(message: LoopReply, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, { transfer });
}
