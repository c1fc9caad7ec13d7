import { serve } from "../../scripts/serve.mjs";

/** Servers of the built page and of pages that embed it, each on an origin of its own. Addresses end with "/". */
export interface Embedders {
  /** Serves the build to everybody, as a CDN does. */
  readonly cdn: string;
  /** As `cdn`, and its pages may be framed by isolated ones. */
  readonly isolatedCdn: string;
  /** Serves tests/fixtures/embed, without the headers that make pages cross-origin isolated. */
  readonly plain: string;
  readonly isolated: string;
  close(): Promise<void>;
}

const FOR_EVERYBODY = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };

export async function openEmbedders(): Promise<Embedders> {
  const servers = await Promise.all([
    serve({ root: "dist", isolated: false, headers: FOR_EVERYBODY }),
    serve({ root: "dist", headers: FOR_EVERYBODY }),
    serve({ root: "tests/fixtures/embed", isolated: false }),
    serve({ root: "tests/fixtures/embed" }),
  ]);
  const [cdn, isolatedCdn, plain, isolated] = servers.map(({ url }) => url) as [string, string, string, string];
  return {
    cdn,
    isolatedCdn,
    plain,
    isolated,
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
