// Policies of a page that forbid what the library needs: the error says which, and what helps.
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { openHarness } from "../harness/launch.js";

/** Start a sharder on a page with this policy. @param prepare runs in the page first. */
async function startUnder(policy: string, prepare: () => void = () => {}) {
  const mounts = { "/models/": resolve("public/models") };
  const server = await serve({ root: "dist-harness", mounts, headers: { "Content-Security-Policy": policy } });
  const opened = await openHarness({ url: server.url });
  try {
    await opened.page.evaluate(prepare);
    return await opened.page.evaluate(async () => {
      const { createSharder, randomNet, failureOf, float32 } = harness;
      return failureOf(async () => {
        const sharder = await createSharder({ model: randomNet({ seed: 1 }), workers: [{ backend: "wasm" }] });
        await sharder.predict(float32([1, 8, 8, 3]));
        await sharder.dispose();
      });
    });
  } finally {
    await opened.close();
    await server.close();
  }
}

describe("a policy", () => {
  it("without wasm-unsafe-eval is named, for WASM workers", async () => {
    const failure = await startUnder("script-src 'self'");
    expect(failure).toMatchObject({
      code: "no-workers",
      message: expect.stringContaining("'wasm-unsafe-eval' to script-src"),
    });
  });

  it("without workers is named", async () => {
    const failure = await startUnder("script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'");
    expect(failure).toMatchObject({ code: "no-workers", message: expect.stringContaining("worker-src") });
  });

  it("that requires Trusted Types is named", async () => {
    const failure = await startUnder("require-trusted-types-for 'script'");
    expect(failure).toMatchObject({
      code: "no-workers",
      message: expect.stringMatching(/Trusted Types.*policy named default/),
    });
  });

  it("that requires Trusted Types is met by a default policy", async () => {
    const allow = (): void => {
      const { trustedTypes } = globalThis as unknown as {
        trustedTypes: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): void };
      };
      trustedTypes.createPolicy("default", { createScriptURL: (url) => url });
    };
    expect(await startUnder("require-trusted-types-for 'script'", allow)).toBeUndefined();
  });
});
