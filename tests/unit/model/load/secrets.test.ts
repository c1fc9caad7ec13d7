// What the caller's requests carry never reaches another origin, whoever redirects and whatever is redirected.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetchLabels } from "../../../../src/jobs/labels.js";
import { fetchModel, type FetchOptions } from "../../../../src/model/fetch-model.js";
import type { Pacing } from "../../../../src/model/load/retry.js";
import { rejected } from "../../../fixtures/caught.js";
import { randomNet } from "../../../fixtures/random-net.js";

type Route = Uint8Array | ((response: ServerResponse, request: IncomingMessage) => void);

interface Host {
  readonly server: Server;
  readonly origin: string;
  readonly routes: Map<string, Route>;
  readonly requests: IncomingMessage[];
}

const KEY = "a-secret-key";
const withKey = { headers: { "x-api-key": KEY } };
const pacing: Pacing = { wait: async () => {}, random: () => 0, nowMs: () => 0 };
const { weightData, weightSpecs, ...artifacts } = randomNet({ seed: 5 });
const weights = new Uint8Array(weightData as ArrayBuffer);

let own: Host;
let other: Host;

async function openHost(): Promise<Host> {
  const routes = new Map<string, Route>();
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const route = routes.get(request.url!.replace(/\?.*/, ""));
    if (route === undefined) response.writeHead(404).end();
    else if (typeof route === "function") route(response, request);
    else response.end(route);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, routes, requests, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

beforeEach(async () => {
  [own, other] = await Promise.all([openHost(), openHost()]);
  for (const { routes } of [own, other]) publish(routes, ["w.bin"]);
});

afterEach(async () => {
  vi.unstubAllGlobals();
  for (const { server } of [own, other]) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

function publish(routes: Host["routes"], paths: readonly string[]): void {
  const json = { ...artifacts, weightsManifest: [{ paths, weights: weightSpecs }] };
  routes.set("/m/model.json", Buffer.from(JSON.stringify(json)));
  routes.set("/m/w.bin", weights);
  routes.set("/m/metadata.json", Buffer.from('{"labels": ["a", "b"]}'));
}

const redirect =
  (to: string, status = 302): Route =>
  (response) =>
    void response.writeHead(status, { location: to }).end();

/** Answers only those who have the key. */
const guarded =
  (route: Route): Route =>
  (response, request) => {
    if (request.headers["x-api-key"] !== KEY) response.writeHead(401).end();
    else if (typeof route === "function") route(response, request);
    else response.end(route);
  };

const load = (options: FetchOptions = {}, path = "/m/model.json") =>
  fetchModel(own.origin + path, { pacing, requestInit: withKey, ...options }, () => {});

const keysSeenBy = ({ requests }: Host) => requests.filter(({ rawHeaders }) => rawHeaders.includes(KEY)).length;

describe.each([301, 302, 303, 307, 308])("a redirect with status %i to another origin", (status) => {
  it.each(["/m/model.json", "/m/w.bin"])("of %s is followed without secrets", async (path) => {
    own.routes.set(path, redirect(other.origin + path, status));
    expect((await load()).weightSpecs).toEqual(weightSpecs);
    expect(other.requests.map(({ url }) => url)).toEqual([path]);
    expect(keysSeenBy(other)).toBe(0);
  });
});

describe("a redirect to another origin", () => {
  it("of labels is followed without secrets", async () => {
    vi.stubGlobal("location", { href: own.origin });
    own.routes.set("/m/metadata.json", redirect(`${other.origin}/m/metadata.json`));
    expect(await fetchLabels(`${own.origin}/m/model.json`, { requestInit: withKey })).toMatchObject({
      labels: ["a", "b"],
    });
    expect({ requests: other.requests.length, keys: keysSeenBy(other) }).toEqual({ requests: 1, keys: 0 });
  });

  it("by way of the model's own one is seen through", async () => {
    own.routes.set("/m/model.json", redirect("/m/step"));
    own.routes.set("/m/step", redirect(`${other.origin}/m/model.json`));
    await load();
    expect(keysSeenBy(other)).toBe(0);
  });

  it("and back gives the secrets to the own one alone", async () => {
    own.routes.set("/m/model.json", redirect(`${other.origin}/back`));
    other.routes.set("/back", redirect(`${own.origin}/m/real.json`));
    own.routes.set("/m/real.json", (response, request) => {
      const json = { ...artifacts, weightsManifest: [{ paths: ["w.bin"], weights: weightSpecs }] };
      // The file is there for everyone; those who have the key get another one.
      response.end(JSON.stringify({ ...json, generatedBy: request.headers["x-api-key"] }));
    });
    expect(await load()).toMatchObject({ generatedBy: KEY });
    expect(keysSeenBy(other)).toBe(0);
  });

  it("that only those with the secret get is refused, since nobody can say where it leads", async () => {
    own.routes.set("/m/w.bin", guarded(redirect(`${other.origin}/m/w.bin`)));
    await rejected("model-network", load(), `${own.origin}/m/w.bin`, "redirect", "never sent");
    expect(other.requests).toEqual([]);
  });

  it("carries no body and no cookies", async () => {
    own.routes.set("/m/model.json", redirect(`${other.origin}/m/model.json`, 307));
    let body = "";
    other.routes.set("/m/model.json", (response, request) => {
      request.on("data", (piece) => (body += String(piece)));
      request.on("end", () => response.end(Buffer.from("{}")));
    });
    const requestInit = { method: "POST", body: KEY, headers: { cookie: KEY, "x-api-key": KEY } };
    await rejected("model-malformed", load({ requestInit }));
    expect({ body, keys: keysSeenBy(other), requests: other.requests.length }).toEqual({
      body: "",
      keys: 0,
      requests: 1,
    });
  });

  it("leaves Authorization to the platform, which removes it", async () => {
    own.routes.set("/m/w.bin", (response, request) => {
      if (request.headers.authorization !== KEY) response.writeHead(401).end();
      else response.writeHead(302, { location: `${other.origin}/m/w.bin?signed` }).end();
    });
    await load({ requestInit: { headers: { authorization: KEY } } });
    expect({ requests: other.requests.length, keys: keysSeenBy(other) }).toEqual({ requests: 1, keys: 0 });
  });

  it("is not followed if the caller forbids redirects", async () => {
    own.routes.set("/m/model.json", redirect(`${other.origin}/m/model.json`));
    await rejected("model-network", load({ requestInit: { ...withKey, redirect: "error" } }));
    expect(other.requests).toEqual([]);
  });
});

describe("a redirect on the model's own origin", () => {
  it("is followed with the secrets", async () => {
    const weightsForSome = guarded(weights);
    own.routes.set("/m/w.bin", redirect("/m/moved.bin"));
    // Whether there is a file may be seen by anyone; what it holds may not.
    own.routes.set("/m/moved.bin", (response, request) =>
      request.headers["x-api-key"] === undefined
        ? void response.end("denied")
        : (weightsForSome as (response: ServerResponse, request: IncomingMessage) => void)(response, request),
    );
    expect((await load()).weightSpecs).toEqual(weightSpecs);
  });

  it("ends, though it goes round in circles", async () => {
    own.routes.set("/m/model.json", (response, request) =>
      request.headers["x-api-key"] === undefined
        ? void response.end("{}")
        : void response.writeHead(302, { location: "/m/model.json" }).end(),
    );
    await rejected("model-network", load(), "redirect");
    expect(own.requests.length).toBeLessThan(10);
  });

  it("is retried while its server is overloaded", async () => {
    let count = 0;
    own.routes.set("/m/model.json", redirect("/m/busy.json"));
    own.routes.set("/m/busy.json", (response) => {
      if (count++ === 0) response.writeHead(503).end();
      else redirectTarget(response);
    });
    const redirectTarget = (response: ServerResponse): void =>
      void response.end(
        JSON.stringify({ ...artifacts, weightsManifest: [{ paths: ["w.bin"], weights: weightSpecs }] }),
      );
    await load();
  });
});

describe("weights on another origin get no secrets", () => {
  it.each<[string, () => FetchOptions]>([
    ["named in model.json", () => (publish(own.routes, [`${other.origin}/m/w.bin`]), {})],
    ["named by the prefix", () => ({ weightPathPrefix: `${other.origin}/m/` })],
    ["named by the converter", () => ({ weightUrlConverter: (path) => `${other.origin}/m/${path}` })],
  ])("%s", async (_what, options) => {
    await load(options(), "/m/model.json?signature=a-secret-key");
    const seen = other.requests.map(({ url, headers }) => ({ url, key: headers["x-api-key"] }));
    expect(seen).toEqual([{ url: "/m/w.bin", key: undefined }]);
  });
});
