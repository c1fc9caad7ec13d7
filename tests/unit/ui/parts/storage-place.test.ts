import { expect, it } from "vitest";
import { storageName } from "../../../../src/ui/parts/storage-place.js";

/** Elements are only told apart. */
const element = (id = "") => ({ id }) as HTMLElement;

it("gives each element of a page names of its own, and the first one's to the next that comes after it has gone", () => {
  const [first, second, third] = [element(), element(), element()];
  const gone = new AbortController();
  const stays = new AbortController();
  expect(storageName("model", first, gone.signal)).toBe("model");
  expect(storageName("model", second, stays.signal)).toBe("model 2");
  expect(storageName("picture", second, stays.signal)).toBe("picture 2");
  expect(storageName("picture", first, gone.signal)).toBe("picture");
  gone.abort();
  expect(storageName("model", third, stays.signal)).toBe("model");
  expect(storageName("model", second, stays.signal)).toBe("model 2");
  stays.abort();
});

it("names an element after its id, unless it is the first one or the id is another one's", () => {
  const end = new AbortController();
  const names = ["hero", "hero", "hero", "", "2"].map((id) => storageName("picture", element(id), end.signal));
  end.abort();
  expect(names).toEqual(["picture", "picture #hero", "picture 2", "picture 3", "picture #2"]);
});
