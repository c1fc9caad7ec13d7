// The examples of the README and of docs compile as they stand there, and every file that they link to exists.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { compile } from "./compile.js";

const docs = ["README.md", ...readdirSync("docs").flatMap((name) => (name.endsWith(".md") ? join("docs", name) : []))];
/** By file, in the order of reading: a later example may go on from an earlier one. */
const examples = docs.flatMap((path) => {
  const blocks = [...readFileSync(path, "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
  return blocks.length > 0 ? blocks.join("\n") : [];
});

it("has examples, and they compile", async () => {
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) expect(await compile("readme", example)).toBe("");
}, 60_000);

it("would not if they were wrong", async () => {
  expect(await compile("readme", examples[0]!.replace('model: "', 'modle: "'))).toMatch(/TS\d+/);
}, 60_000);

it("links to files that exist", () => {
  const broken = docs.flatMap((path) => {
    const text = readFileSync(path, "utf8").replaceAll(/```[\s\S]*?```/g, "");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(([, a, b]) => a ?? b!);
    const local = links.filter((link) => !/^https?:/.test(link));
    return local
      .filter((link) => !existsSync(join(dirname(path), link.split("#")[0]!)))
      .map((link) => `${path}: ${link}`);
  });
  expect(broken).toEqual([]);
  expect(docs.length).toBeGreaterThan(1);
});
