// The smallest link that passes the contract. It connects the two ports of a channel, and its far end ends by closing its port.
import { expose, wrap, type Endpoint } from "comlink";
import type { WorkerLink } from "../../src/pool/worker-link.js";
import { isWorkerNotice, type LinkedApi } from "../../src/protocol/link.js";

export function dummyLink<Api extends LinkedApi>(offer: (far: MessagePort) => Api): WorkerLink<Api> {
  const { port1: near, port2: far } = new MessageChannel();
  let report: Parameters<WorkerLink<Api>["onEnd"]>[0] | undefined;
  const end = (reason: string): void => {
    report?.(reason, "crashed");
    report = undefined;
  };
  near.addEventListener("close", () => end("the far end has closed its port"));
  near.addEventListener("message", ({ data }) => {
    if (isWorkerNotice(data)) end(data.message);
  });
  expose(offer(far), far as unknown as Endpoint);
  const api = wrap<LinkedApi>(near as unknown as Endpoint) as unknown as Api;
  return {
    api,
    onEnd: (listener) => void (report = listener),
    close() {
      report = undefined;
      near.close();
    },
  };
}
