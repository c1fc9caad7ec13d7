// A line between the browser and the gateway, with a latency and a bandwidth: TCP connections passed on, a little later.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { AnswerAlterer, type Garbling } from "./garbled-answers.js";

export interface LineTraits {
  /** Added to a round trip, milliseconds; half of it each way. */
  readonly latencyMs: number;
  /** Each way, over all connections together; Infinity for no bound. */
  readonly bytesPerSecond: number;
}

export interface Line {
  /** Without a "/" at its end. */
  readonly url: string;
  /** From now on. */
  set(traits: LineTraits): void;
  /** Cut all connections, as a router that restarts does. */
  cut(): void;
  /** What the bodies of answers hold is something else than what the server has sent, until it is set to `undefined`. */
  garble(garbling: Garbling | undefined): void;
  /** Bytes that have passed, both ways. */
  readonly byteCounts: Readonly<Record<"up" | "down", number>>;
  close(): Promise<void>;
}

/** What one write carries at most: more at once would arrive in lumps on a slow line. */
const PIECE_BYTES = 16_384;
/** What a socket's buffers hold beside what is on the line. */
const BUFFERED_BYTES = 262_144;
/** What is on a line without a bound at most. */
const MAX_ON_LINE_BYTES = 67_108_864;

/** Start a line to a port of this machine. */
export async function startLine(targetPort: number, traits: LineTraits): Promise<Line> {
  let current = traits;
  let garbling: Garbling | undefined;
  const sockets = new Set<Socket>();
  const byteCounts = { up: 0, down: 0 };
  /** When each way has carried what it was given, milliseconds. */
  const freeAtMs = { up: 0, down: 0 };

  const carry = (from: Socket, to: Socket, way: "up" | "down"): void => {
    let underWay = 0;
    let last = Promise.resolve();
    const alterer = way === "down" ? new AnswerAlterer() : undefined;
    from.on("data", (chunk: Buffer) => {
      for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
        const sent = chunk.subarray(start, start + PIECE_BYTES);
        const piece = alterer?.pass(sent, garbling) ?? sent;
        freeAtMs[way] = Math.max(freeAtMs[way], performance.now()) + (piece.length / current.bytesPerSecond) * 1000;
        const arrivesMs = freeAtMs[way] + current.latencyMs / 2;
        underWay += piece.length;
        byteCounts[way] += piece.length;
        last = last.then(async () => {
          await until(arrivesMs);
          underWay -= piece.length;
          if (!to.destroyed && !to.writableEnded) to.write(piece);
          if (underWay < capacityOf(current)) from.resume();
        });
      }
      // The sender waits, as it does when its window is full.
      if (underWay >= capacityOf(current)) from.pause();
    });
    from.on("end", () => void last.then(() => to.end()));
    from.on("close", () => void last.then(() => to.destroy()));
    // The other side closes too, which is all that can be done.
    from.on("error", () => {});
  };

  const server = createServer((near) => {
    const far = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    near.setNoDelay(true);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    carry(near, far, "up");
    carry(far, near, "down");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    byteCounts,
    set: (next) => (current = next),
    garble: (next) => (garbling = next),
    cut,
    async close() {
      cut();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** How much is under way at once, bytes: what a line of its length carries, and what buffers hold. */
function capacityOf({ latencyMs, bytesPerSecond }: LineTraits): number {
  const onLine = latencyMs === 0 ? 0 : (bytesPerSecond * latencyMs) / 1000;
  return Math.min(onLine, MAX_ON_LINE_BYTES) + BUFFERED_BYTES;
}

/** Timers are exact to a millisecond at best; what is due within half of one is due. */
async function until(timeMs: number): Promise<void> {
  const leftMs = timeMs - performance.now();
  if (leftMs > 0.5) await new Promise((settle) => setTimeout(settle, leftMs));
}
