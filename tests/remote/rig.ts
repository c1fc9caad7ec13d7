// What the browser tests need: both servers, the gateway, a line to each, and the harness in a browser.
import type { OpenPage } from "../harness/launch.js";
import { openHarness } from "../harness/launch.js";
import { startGateway, type Cors, type Gateway } from "./gateway.js";
import { startLine, type Line, type LineTraits } from "./line.js";
import { exportModel, MODEL_NAME, startModelServer, type ModelServer } from "./model-servers.js";

/** A line that adds nothing. */
export const freeLine: LineTraits = { latencyMs: 0, bytesPerSecond: Infinity };

/** A server as the browser sees it. */
export interface Far {
  readonly server: ModelServer;
  readonly line: Line;
  /** The model's address, through the line and the gateway. */
  readonly url: string;
  /** Its address through a gateway that lacks something, without a line. */
  readonly urlWith: Readonly<Record<Exclude<Cors, "allowed">, string>>;
}

export interface Rig {
  readonly kserve: Far;
  readonly mlserver: Far;
  readonly opened: OpenPage;
  /** Origins that the page has asked anything of since the last call, by kind. */
  takeOrigins(): string[];
  close(): Promise<void>;
}

/** Start all of it, or nothing. */
export async function startRig(): Promise<Rig> {
  const ends: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const model = exportModel();
    ends.push(model.remove);
    const servers = await Promise.all([
      startModelServer("kserve", model.path),
      startModelServer("mlserver", model.path),
    ]);
    ends.push(...servers.map((server) => () => server.kill()));
    const kinds: Cors[] = ["allowed", "missing", "unexposed"];
    const gateway = await startGateway(
      servers.flatMap(({ port }) => kinds.map((cors) => ({ upstreamPort: port, cors }))),
    );
    ends.push(() => gateway.close());
    const fars = await Promise.all(servers.map((server, index) => farOf(server, gateway, index * kinds.length)));
    ends.push(
      ...fars.map(
        ({ line }) =>
          () =>
            line.close(),
      ),
    );
    const opened = await openHarness({ namesRemotes: true });
    ends.push(() => opened.close());
    let origins = new Set<string>();
    opened.page.context().on("request", (request) => void origins.add(new URL(request.url()).origin));
    const [kserve, mlserver] = fars as [Far, Far];
    return {
      kserve,
      mlserver,
      opened,
      takeOrigins() {
        const taken = [...origins];
        origins = new Set();
        return taken;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function farOf(server: ModelServer, { urls }: Gateway, first: number): Promise<Far> {
  const [allowed, missing, unexposed] = urls.slice(first) as [string, string, string];
  const line = await startLine(Number(new URL(allowed).port), freeLine);
  const modelIn = (origin: string): string => `${origin}/v2/models/${MODEL_NAME}`;
  return {
    server,
    line,
    url: modelIn(line.url),
    urlWith: { missing: modelIn(missing), unexposed: modelIn(unexposed) },
  };
}
