import { expect, it } from "vitest";
import { progressTitle } from "../../../../src/ui/page/page-title.js";

it("says how far the job is, and how long it will take where that is known", () => {
  const text = { headline: "Enlarging a.png", detail: "5 of 12 tiles · 2.1 tiles/s · 12\u00a0s left" };
  expect(progressTitle({ ...text, fraction: 0.416 })).toBe("42\u00a0%, 12\u00a0s left");
  expect(progressTitle({ ...text, detail: "5 of 12 tiles", fraction: 0.416 })).toBe("42\u00a0%");
});

it("says what is being done where nobody knows how far it is", () => {
  expect(progressTitle({ fraction: undefined, headline: "Opening a.png", detail: "" })).toBe("Opening a.png");
});

it("says nothing before the job has got anywhere, and after its end", () => {
  expect(progressTitle({ fraction: 0, headline: "Ready", detail: "" })).toBeUndefined();
  expect(
    progressTitle({ fraction: 0.4, headline: "Cancelled: a.png", detail: "5 of 12 tiles", isOver: true }),
  ).toBeUndefined();
});
