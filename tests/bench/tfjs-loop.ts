import type { Batch, ModelSource } from "./bench-models.js";
import type { Values } from "./statistics.js";
import type { LoopReply, LoopRequest } from "./tfjs-loop-protocol.js";

/** The page's side of the hand-written TF.js worker. */
export class TfjsLoop {
  readonly #worker = new Worker(new URL("./tfjs-loop-worker.ts", import.meta.url), { type: "module" });

  static async start(source: ModelSource): Promise<TfjsLoop> {
    const loop = new TfjsLoop();
    await loop.#ask({ type: "load", source });
    return loop;
  }

  /** @param batch its buffer is transferred to the worker. */
  async run(batch: Batch, chunkItemCount: number): Promise<Values[]> {
    const reply = await this.#ask({ type: "run", batch, chunkItemCount }, [batch.data.buffer]);
    return reply.type === "outputs" ? reply.outputs : [];
  }

  dispose(): void {
    this.#worker.terminate();
  }

  #ask(request: LoopRequest, transfer: ArrayBuffer[] = []): Promise<LoopReply> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<LoopReply>) =>
        data.type === "failed" ? reject(new Error(`TF.js loop: ${data.message}`)) : resolve(data);
      this.#worker.onerror = (event) => reject(new Error(`TF.js loop: ${event.message}`));
      this.#worker.postMessage(request, transfer);
    });
  }
}
