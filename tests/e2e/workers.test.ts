import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApp, type OpenPage } from "../harness/launch.js";
import { untilHeadline } from "./drive.js";

let app: OpenPage;
beforeAll(async () => {
  app = await openApp("?workers=wasm,wasm&sample=&tile=64");
  await untilHeadline(app.page, /Ready/);
});
afterAll(() => app.close());

const panel = (tab: "picture" | "model") => app.page.getByTestId(`${tab}-workers`);
const focused = () =>
  app.page.evaluate(
    () => document.querySelector("inference-sharder")!.shadowRoot!.activeElement?.getAttribute("aria-label") ?? "",
  );

describe.each(["picture", "model"] as const)("the workers of the tab %s", (tab) => {
  beforeAll(async () => {
    if (tab === "picture") return;
    const { page } = app;
    await page.getByRole("tab", { name: "Your own model" }).click();
    await page.getByTestId("model-address").fill("models/upscale-x2/model.json");
    await page.getByTestId("model-load").click();
    await panel(tab).locator('[data-state="ready"]').nth(1).waitFor();
  });

  it("are added by backend and removed; the number is free again, and the focus stays near", async () => {
    const list = panel(tab).getByTestId("worker");
    const before = await list.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-worker")));
    await panel(tab).getByLabel("Backend").selectOption("cpu");
    for (let round = 0; round < 2; round++) {
      await panel(tab).getByTestId("add-worker").click();
      await panel(tab).locator('[data-worker="cpu-1"][data-state="ready"]').waitFor();
      await panel(tab).getByRole("button", { name: "Remove cpu-1" }).focus();
      await app.page.keyboard.press("Enter");
      await panel(tab).locator('[data-worker="cpu-1"]').waitFor({ state: "detached" });
      await expect.poll(() => focused()).toBe(`Remove ${before.at(-1)}`);
    }
    await expect
      .poll(() => list.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-worker"))))
      .toEqual(before);
  });

  it("are slowed down, and broken one at a time or at random", async () => {
    const first = panel(tab).getByTestId("worker").first();
    await first.getByRole("slider").fill("4");
    await expect.poll(() => first.locator("output").innerText()).toBe("×4");
    await first.getByRole("slider").fill("1");
    await first.getByText("Break it").click();
    await first.getByTestId("cause-fault").click();
    await first.getByText(/restarted once/).waitFor();
    await panel(tab).getByTestId("break-random").click();
    await expect.poll(() => panel(tab).getByTestId("broken").innerText()).toMatch(/^wasm-\d: /);
  });
});

it("reports no error", () => {
  // The server has no labels for the bundled model.
  expect(app.errors.filter((error) => !/404/.test(error))).toEqual([]);
});
