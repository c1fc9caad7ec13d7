import { expect, it } from "vitest";
import { WORKER_COLOURS, WorkerColours } from "../../../../src/ui/workers/colours.js";
import { styles } from "../../../../src/ui/styles.js";

/** Relative luminance of "#rrggbb", 0…1 (WCAG 2.2). */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter! + 0.05) / (darker! + 0.05);
}

/** The custom properties of the light theme, then of the dark one. */
const themes = [...styles.matchAll(/:host \{([^}]*--page[^}]*)\}/g)].map(([, body]) =>
  Object.fromEntries(
    [...body!.matchAll(/--([a-z-]+): var\(--sharder-[a-z-]+, (#[0-9a-f]{6})\)/g)].map(([, name, value]) => [
      name!,
      value!,
    ]),
  ),
);

it("there are two themes", () => expect(themes.length).toBe(2));

it.each([0, 1])("text and controls are legible in theme %i (WCAG AA)", (index) => {
  const theme = themes[index]!;
  const of = (a: string, b: string) => contrast(theme[a]!, theme[b]!);
  for (const [text, ground] of [
    ["text", "page"],
    ["text", "surface"],
    ["muted", "page"],
    ["muted", "surface"],
    ["on-accent", "accent"],
    ["fault", "surface"],
    ["fault", "fault-surface"],
    ["text", "fault-surface"],
  ] as const) {
    expect(of(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  }
  expect(of("control", "surface")).toBeGreaterThanOrEqual(3);
  expect(of("accent", "page")).toBeGreaterThanOrEqual(3);
  for (const colour of WORKER_COLOURS) {
    expect(contrast(colour, theme["surface"]!), colour).toBeGreaterThanOrEqual(3);
  }
});

it("a worker keeps its colour", () => {
  const colours = new WorkerColours();
  expect([colours.of("a"), colours.of("b"), colours.of("a")]).toEqual([
    WORKER_COLOURS[0],
    WORKER_COLOURS[1],
    WORKER_COLOURS[0],
  ]);
  for (let i = 0; i < 20; i++) expect(WORKER_COLOURS).toContain(colours.of(String(i)));
});
