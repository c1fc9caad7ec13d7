import { expect, it } from "vitest";
import { ShardError } from "../../../../src/index.js";
import { unlessEnded } from "../../../../src/ui/parts/unless-ended.js";

it("reports a sharder that has ended, and passes on what else is thrown", () => {
  const throwing = (thrown: Error) => () => {
    throw thrown;
  };
  expect(unlessEnded(() => {})).toBe(true);
  expect(unlessEnded(throwing(new ShardError("disposed", "gone")))).toBe(false);
  const other = new ShardError("invalid-options", "Expected …");
  expect(() => unlessEnded(throwing(other))).toThrow(other);
});
