// The contract of links in Node. tests/browser/worker-link.test.ts runs it over real workers.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dummyLink } from "../../contract/dummy-link.js";
import { echoApi, type EchoApi } from "../../contract/echo.js";
import { workerLinkContract, type OpenedLink } from "../../contract/worker-link.js";
import { openChannel } from "../../fixtures/channel.js";
import { exposeApi } from "../../../workers/runtime/expose.js";

const links: Record<string, () => OpenedLink> = {
  "the dummy link": () => {
    let isAlive = true;
    const link = dummyLink<EchoApi>((far) => {
      far.addEventListener("close", () => (isAlive = false));
      const api = echoApi(
        (notice) => far.postMessage(notice),
        () => far.close(),
      );
      return { ...api, attach: async () => ({ ok: true, value: false }) };
    });
    return { link, isFarEndAlive: async () => isAlive };
  },
  "the link of Web Workers over a channel": () => {
    const channel = openChannel<EchoApi>((far) => {
      const api = echoApi(
        (notice) => far.postMessage(notice),
        () => channel.crash(),
      );
      exposeApi<EchoApi>(api, far);
    });
    return { link: channel.link, isFarEndAlive: async () => !channel.isTerminated };
  },
};

describe.each(Object.keys(links))("%s", (name) => {
  it.each(workerLinkContract)("$title", ({ run }) => run(async () => links[name]!()));
});

describe("the dummy link", () => {
  const source = readFileSync("tests/contract/dummy-link.ts", "utf8");

  it("shows how little a link has to be", () => {
    expect(source.split("\n").length).toBeLessThanOrEqual(40);
  });

  it("knows the link's interface, the protocol and Comlink, and nothing else", () => {
    const imports = [...source.matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
    expect(imports).toHaveLength(source.split("import ").length - 1);
    for (const from of imports) {
      expect(from).toMatch(/^(comlink|\.\.\/\.\.\/src\/(protocol\/[\w-]+|pool\/worker-link)\.js)$/);
    }
  });
});
