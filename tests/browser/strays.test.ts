// Every test that opens a page fails if that page asks a server that nobody has named. This shows that such a request is seen.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, inject, it } from "vitest";
import { openHarness } from "../harness/launch.js";

it.each(["page", "worker"] as const)(
  "a request of a %s to a model server is seen, and one to its own server is none",
  async (where) => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const asked = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/models/net`;
    const ask = async (address: string): Promise<void> => {
      const opened = await openHarness();
      await opened.page.evaluate(
        async ([where, address]) => {
          const code = `await fetch("${address}").catch(() => {}); postMessage("done");`;
          if (where === "page") return void (await fetch(address!).catch(() => {}));
          const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), {
            type: "module",
          });
          await new Promise((settle) => (worker.onmessage = settle));
        },
        [where, address],
      );
      await opened.close();
    };
    await expect(ask(asked)).rejects.toThrow(`GET ${asked}`);
    await ask(new URL("/models/upscale-x2/model.json", inject("urls").harness).href);
    server.close();
  },
);
