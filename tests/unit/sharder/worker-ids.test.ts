// Ids are unique on the page, and do not grow without end.
import { expect, it } from "vitest";
import { batch, negate, start } from "../../fixtures/negating-sharder.js";

const numbers = (ids: readonly string[]) => ids.map((id) => Number(id.split("-")[1])).sort((a, b) => a - b);

it("gives the id of a removed worker to the next one", async () => {
  const { sharder } = await start(negate);
  const before = sharder.workers.map(({ id }) => id);
  for (let round = 0; round < 5; round++) {
    const id = await sharder.addWorker({ backend: "wasm" });
    expect(before).not.toContain(id);
    expect(numbers([id])[0]).toBe(Math.max(...numbers(before)) + 1);
    await sharder.removeWorker(id);
  }
});

it("keeps it back while a job may remember who had it", async () => {
  const { sharder } = await start(negate);
  const first = await sharder.addWorker({ backend: "wasm" });
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const source = async function* () {
    yield batch(4);
    await ended;
  };
  const stream = sharder.stream(source());
  await stream.next();
  await sharder.removeWorker(first);
  const second = await sharder.addWorker({ backend: "wasm" });
  expect(second).not.toBe(first);
  end();
  for await (const shard of stream) expect(shard.itemCount).toBeGreaterThan(0);
  expect(await sharder.addWorker({ backend: "wasm" })).toBe(first);
});

it("gives the ids of a sharder that is gone to the next one", async () => {
  const { sharder } = await start(negate);
  const ids = sharder.workers.map(({ id }) => id);
  const other = await start(negate);
  expect(other.sharder.workers.some(({ id }) => ids.includes(id))).toBe(false);
  await sharder.dispose();
  const next = await start(negate);
  expect(next.sharder.workers.map(({ id }) => id)).toEqual(ids);
});
