import type { FrameMessage, HostMessage, InferenceSharderEventMap } from "inference-sharder/element";
import { serve } from "../../scripts/serve.mjs";

declare global {
  /** Of tests/fixtures/embed. */
  var emitted: {
    [K in keyof InferenceSharderEventMap]: { type: K; detail: InferenceSharderEventMap[K]["detail"] };
  }[keyof InferenceSharderEventMap][];
  var received: { data: FrameMessage; origin: string }[];
  var loadLibrary: () => Promise<typeof import("inference-sharder")>;
  var send: (message: object) => void;
  var replyTo: (message: Pick<HostMessage, "command" | "picture">) => Promise<FrameMessage>;
}

/** Servers of the built page and of pages that embed it, each on an origin of its own. Addresses end with "/". */
export interface Embedders {
  /** Serves the build to everybody, as a CDN does. */
  readonly cdn: string;
  /** As `cdn`, and its pages may be framed by isolated ones. */
  readonly isolatedCdn: string;
  /** Serves tests/fixtures/embed, without the headers that make pages cross-origin isolated. */
  readonly plain: string;
  readonly isolated: string;
  /** As `plain`, under a policy that allows no worker but from the page's own origin, with copies of the scripts under vendor/. */
  readonly strict: string;
  close(): Promise<void>;
}

const FOR_EVERYBODY = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };

export async function openEmbedders(): Promise<Embedders> {
  const servers = await Promise.all([
    serve({ root: "dist", isolated: false, headers: FOR_EVERYBODY }),
    serve({ root: "dist", headers: FOR_EVERYBODY }),
    serve({ root: "tests/fixtures/embed", mounts: { "/keras/": "tests/fixtures/keras-files" }, isolated: false }),
    serve({ root: "tests/fixtures/embed" }),
  ]);
  const [cdn, isolatedCdn, plain, isolated] = servers.map(({ url }) => url) as [string, string, string, string];
  const policy = `default-src 'none'; script-src 'self' ${cdn} 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ${cdn}; img-src data:`;
  const strict = await serve({
    root: "tests/fixtures/embed",
    mounts: { "/vendor/": "dist/assets" },
    isolated: false,
    headers: { "Content-Security-Policy": policy },
  });
  return {
    cdn,
    isolatedCdn,
    plain,
    isolated,
    strict: strict.url,
    close: async () => {
      await Promise.all([...servers, strict].map((server) => server.close()));
    },
  };
}
