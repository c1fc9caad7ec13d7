import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { FuzzCase, LazyCase } from "./cases.js";

export interface FuzzServer {
  /** The address of a case's model.json. */
  urlOf(index: number): string;
  /** Make a case's files before they are requested. */
  prepare(index: number): void;
  close(): Promise<void>;
}

/** Serve every case's files under its number, even to pages of other origins and to isolated ones. */
export async function serveCases(cases: readonly LazyCase[]): Promise<FuzzServer> {
  let latest: { readonly index: number; readonly made: FuzzCase }[] = [];
  const make = (index: number): FuzzCase => {
    const known = latest.find((each) => each.index === index);
    if (known !== undefined) return known.made;
    const made = cases[index]!.make();
    latest = [{ index, made }, ...latest].slice(0, 8);
    return made;
  };
  const server = createServer((request, response) => {
    const [, number = "", path = ""] = /^\/(\d+)\/([^?]*)/.exec(request.url ?? "") ?? [];
    const files = number !== "" && cases[Number(number)] !== undefined ? make(Number(number)).files : undefined;
    const body = path === "model.json" ? files?.json : files?.weights.get(path);
    response.writeHead(body === undefined ? 404 : 200, {
      "Access-Control-Allow-Origin": "*",
      "Cross-Origin-Resource-Policy": "cross-origin",
      "Content-Type": path === "model.json" ? "application/json" : "application/octet-stream",
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    prepare: (index) => void make(index),
    urlOf: (index) => `http://127.0.0.1:${port}/${index}/model.json`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
