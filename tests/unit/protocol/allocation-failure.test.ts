import { describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { isLackOfRoom, saysAllocationFailed } from "../../../src/protocol/allocation-failure.js";

/** What the function throws in this engine. */
function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("Expected it to throw.");
}

const overflow = (): number => 1 + overflow();
const tooLong = thrownBy(() => new Float32Array(2 ** 53));
const tooLongText = thrownBy(() => "text".repeat(2 ** 30));
const badForm = thrownBy(() => "text".normalize("none"));
const fullStack = thrownBy(overflow);

describe("an error says that allocating failed", () => {
  it.each([tooLong, new Error("Out of memory"), new ShardError("out-of-memory", "no room")])("%s", (thrown) => {
    expect(saysAllocationFailed(thrown)).toBe(true);
  });

  it.each([badForm, fullStack, new ShardError("model-failed", "out of memory"), "out of memory", undefined])(
    "not: %s",
    (thrown) => {
      expect(saysAllocationFailed(thrown)).toBe(false);
    },
  );
});

describe("code that only copies had no room", () => {
  it.each([tooLong, tooLongText, { name: "RangeError", message: "from another frame" }])("%s", (thrown) => {
    expect(isLackOfRoom(thrown)).toBe(true);
  });

  it.each([fullStack, new TypeError("detached"), new Error("Out of memory"), null])("not: %s", (thrown) => {
    expect(isLackOfRoom(thrown)).toBe(false);
  });
});
