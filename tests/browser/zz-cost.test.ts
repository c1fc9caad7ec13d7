import { it } from "vitest";
import { openHarness } from "../harness/launch.js";
it("cost", { timeout: 300_000 }, async () => {
  const opened = await openHarness();
  const out = await opened.page.evaluate(async () => {
    const { createSharder, float32 } = harness;
    const sharder = await createSharder({
      model: "/models/upscale-x2/model.json",
      workers: [{ backend: "wasm" }, { backend: "wasm" }],
    });
    const strip = float32([4, 160, 160, 3]);
    function* source() {
      for (let i = 0; i < 3; i++) yield strip;
    }
    const seen: string[] = [];
    sharder.addEventListener("journal", ({ detail }) => seen.push(detail.state));
    const run = async (journal?: string) => {
      const t = performance.now();
      for await (const _ of sharder.stream(source(), {
        order: "completion",
        ...(journal ? { journal: { name: journal, key: "k", keepResults: false } } : {}),
      }));
      return performance.now() - t;
    };
    await run();
    await run("a");
    const plain: number[] = [],
      journaled: number[] = [];
    for (let i = 0; i < 8; i++) {
      plain.push(await run());
      journaled.push(await run("a"));
    }
    await sharder.dispose();
    return { plain, journaled, seen: seen.join() };
  });
  console.log(JSON.stringify(out, (_, v) => (typeof v === "number" ? Math.round(v) : v)));
  await opened.close();
});
