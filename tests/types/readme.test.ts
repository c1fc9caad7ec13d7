// The README's examples compile as they stand there.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile } from "./compile.js";

const examples = [...readFileSync("README.md", "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

it("has examples, and they compile", async () => {
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) expect(await compile("readme", example)).toBe("");
}, 60_000);

it("would not if they were wrong", async () => {
  expect(await compile("readme", examples[0]!.replace('model: "', 'modle: "'))).toMatch(/TS\d+/);
}, 60_000);
