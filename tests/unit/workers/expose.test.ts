// How a worker holds the lock that reveals when it ends. The browser tests check that the browser then releases the lock.
import { wrap, type Endpoint } from "comlink";
import { afterEach, describe, expect, it, vi } from "vitest";
import { echoApi, type EchoApi } from "../../contract/echo.js";
import { exposeApi } from "../../../workers/runtime/expose.js";

afterEach(() => void vi.unstubAllGlobals());

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function open(): EchoApi {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const api = echoApi(
    () => {},
    () => {},
  );
  exposeApi<EchoApi>(api, port2 as unknown as Endpoint);
  return wrap<EchoApi>(port1 as unknown as Endpoint);
}

describe("attach", () => {
  it("answers as soon as the lock is held, and keeps holding it", async () => {
    const requested: string[] = [];
    let isReleased = false;
    const request = (name: string, run: () => Promise<unknown>) => {
      requested.push(name);
      return run().finally(() => (isReleased = true));
    };
    vi.stubGlobal("navigator", { locks: { request } });
    const api = open();
    expect(await api.attach("mine")).toEqual({ ok: true, value: true });
    expect(await api.echo("still here", 0)).toEqual({ ok: true, value: "still here" });
    expect([requested, isReleased]).toEqual([["mine"], false]);
  });

  it.each([
    ["there are no locks", {}],
    ["locks are refused", { locks: { request: () => Promise.reject(new Error("sandboxed")) } }],
  ])("reports that the lock is not held when %s", async (_, navigator) => {
    vi.stubGlobal("navigator", navigator);
    expect(await open().attach("mine")).toEqual({ ok: true, value: false });
  });

  it("reports the same if a lock can't even be requested", async () => {
    vi.stubGlobal("navigator", undefined);
    expect(await open().attach("mine")).toEqual({ ok: true, value: false });
  });
});
