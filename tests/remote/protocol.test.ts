// The servers themselves, and the gateway before them: what they say, and what they compute. No browser is needed.
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModelFolder } from "../fixtures/public-models.js";
import { pictureItems, runGraph } from "../fixtures/tfjs-graph.js";
import { startGateway, type Gateway } from "./gateway.js";
import { exportModel, MODEL_NAME, startModelServer, type ModelServer } from "./model-servers.js";

const shape = [3, 16, 16, 3];
const items = pictureItems(3, 16, 7);
const origin = "http://page.example";
let model: ReturnType<typeof exportModel>;
let servers: ModelServer[];
let gateway: Gateway;
let expected: Awaited<ReturnType<typeof runGraph>>;

/** The model's address behind a site of the gateway. */
const addressOf = (site: number): string => `${gateway.urls[site]}/v2/models/${MODEL_NAME}`;
const [kserve, mlserver, kserveWithoutCors, smallBodies, sameOrigin] = [0, 1, 2, 3, 4] as const;

beforeAll(async () => {
  model = exportModel();
  [servers, expected] = await Promise.all([
    Promise.all([startModelServer("kserve", model.path), startModelServer("mlserver", model.path)]),
    runGraph(readModelFolder("public/models/upscale-x2"), items, shape),
  ]);
  const [first, second] = servers as [ModelServer, ModelServer];
  gateway = await startGateway([
    { upstreamPort: first.port, cors: "allowed" },
    { upstreamPort: second.port, cors: "allowed" },
    { upstreamPort: first.port, cors: "missing" },
    { upstreamPort: first.port, cors: "allowed", largestBody: "1k" },
    { upstreamPort: first.port, cors: "missing", pageFolder: resolve("public") },
  ]);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all((servers ?? []).map((server) => server.kill()));
  model?.remove();
});

async function inferInJson(site: number): Promise<{ shape: number[]; data: number[] }> {
  const inputs = [{ name: "image", datatype: "FP32", shape, data: [...items] }];
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ id: "1", inputs });
  const response = await fetch(`${addressOf(site)}/infer`, { method: "POST", headers, body });
  expect(response.status).toBe(200);
  const { outputs } = (await response.json()) as { outputs: { name: string; shape: number[]; data: number[] }[] };
  expect(outputs.map(({ name }) => name)).toEqual(["upscaled"]);
  return outputs[0]!;
}

function binaryRequest(): { headers: Record<string, string>; body: Uint8Array<ArrayBuffer> } {
  const input = { name: "image", datatype: "FP32", shape, parameters: { binary_data_size: items.byteLength } };
  const head = Buffer.from(JSON.stringify({ id: "1", inputs: [input], parameters: { binary_data_output: true } }));
  const headers = {
    Origin: origin,
    "Content-Type": "application/octet-stream",
    "Inference-Header-Content-Length": String(head.length),
  };
  return { headers, body: new Uint8Array(Buffer.concat([head, Buffer.from(items.buffer)])) };
}

const postBinary = (site: number): Promise<Response> =>
  fetch(`${addressOf(site)}/infer`, { method: "POST", ...binaryRequest() });

function difference(found: ArrayLike<number>): number {
  expect(found.length).toBe(expected.data.length);
  return expected.data.reduce((worst, value, index) => Math.max(worst, Math.abs(found[index]! - value)), 0);
}

describe("real servers", () => {
  it.each([
    ["KServe", kserve],
    ["MLServer", mlserver],
  ])("%s describes the model by names, types and free sizes", async (_, site) => {
    const metadata = await (await fetch(addressOf(site))).json();
    expect(metadata).toMatchObject({
      name: MODEL_NAME,
      inputs: [{ name: "image", datatype: "FP32", shape: [-1, -1, -1, 3] }],
      outputs: [{ name: "upscaled", datatype: "FP32", shape: [-1, -1, -1, 3] }],
    });
  });

  it.each([
    ["KServe", kserve],
    ["MLServer", mlserver],
  ])("%s computes in JSON what TF.js computes", async (_, site) => {
    const found = await inferInJson(site);
    expect(found.shape).toEqual([3, 32, 32, 3]);
    expect(difference(found.data)).toBeLessThan(1e-5);
  });

  it("KServe takes and gives bytes, though it doesn't say so", async () => {
    const { extensions } = await (await fetch(`${gateway.urls[kserve]}/v2`)).json();
    expect(extensions).not.toContain("binary_tensor_data");
    const response = await postBinary(kserve);
    expect(response.status).toBe(200);
    const bytes = await response.arrayBuffer();
    const headLength = Number(response.headers.get("inference-header-content-length"));
    const head = JSON.parse(new TextDecoder().decode(bytes.slice(0, headLength)));
    expect(head.outputs).toMatchObject([{ name: "upscaled", shape: [3, 32, 32, 3], datatype: "FP32" }]);
    expect(difference(new Float32Array(bytes.slice(headLength)))).toBeLessThan(1e-5);
  });

  it("MLServer takes no bytes, and answers them with 500 and no reason", async () => {
    const response = await postBinary(mlserver);
    expect([response.status, await response.text()]).toEqual([500, "Internal Server Error"]);
  });

  it("a size that does not fit the model is refused with 400 and a reason", async () => {
    const body = JSON.stringify({
      id: "1",
      inputs: [{ name: "image", datatype: "FP32", shape: [1, 2, 2, 1], data: [0, 0, 0, 0] }],
    });
    for (const site of [kserve, mlserver]) {
      const headers = { "Content-Type": "application/json" };
      const response = await fetch(`${addressOf(site)}/infer`, { method: "POST", headers, body });
      expect(response.status).toBe(400);
      expect((await response.json()).error).toMatch(/image/);
    }
  });
});

describe("the gateway", () => {
  const asked = {
    Origin: origin,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,inference-header-content-length",
  };

  it("lets a page of another origin ask, and read where the JSON ends", async () => {
    const preflight = await fetch(`${addressOf(kserve)}/infer`, { method: "OPTIONS", headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    const allowed = preflight.headers.get("access-control-allow-headers")?.toLowerCase().split(/, */) ?? [];
    expect(allowed).toEqual(expect.arrayContaining(asked["Access-Control-Request-Headers"].split(",")));
    const answer = await postBinary(kserve);
    expect(answer.headers.get("access-control-expose-headers")).toContain("Inference-Header-Content-Length");
    await answer.arrayBuffer();
  });

  it("without CORS lets no page of another origin ask", async () => {
    const preflight = await fetch(`${addressOf(kserveWithoutCors)}/infer`, { method: "OPTIONS", headers: asked });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("serves the page and the model from one origin", async () => {
    const page = await fetch(`${gateway.urls[sameOrigin]}/models/upscale-x2/model.json`);
    expect(page.status).toBe(200);
    expect(page.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(page.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
    await page.arrayBuffer();
    expect(difference((await inferInJson(sameOrigin)).data)).toBeLessThan(1e-5);
    expect((await postBinary(sameOrigin)).status).toBe(200);
  });

  it("answers a body that is too large with HTML and 413, which CORS lets the page read", async () => {
    const answer = await postBinary(smallBodies);
    expect(answer.status).toBe(413);
    expect(answer.headers.get("content-type")).toContain("text/html");
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    await answer.arrayBuffer();
  });

  it("answers with HTML and 502 while the server is down, and as before once it is back", async () => {
    const first = servers[0]!;
    await first.kill();
    const answer = await postBinary(kserve);
    expect(answer.status).toBe(502);
    expect(answer.headers.get("content-type")).toContain("text/html");
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    await answer.arrayBuffer();
    await first.start();
    expect((await inferInJson(kserve)).shape).toEqual([3, 32, 32, 3]);
  });
});
