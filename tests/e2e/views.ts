// What every view of the page must hold, whatever it shows: no axe violation, nothing wider than the window, nothing out of reach.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright";

/** The strictest Content-Security-Policy that a page with workers and WebAssembly can have. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'";

declare global {
  var axe: { run: (options: object) => Promise<AxeResults> };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Check everything that is visible now with axe, by the rules of WCAG 2.2 A and AA and by its good practices.
 * @returns one line for each element that violates a rule.
 */
export async function axeViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  if (passes.length < 10)
    throw new Error(`Expected axe to look at a page, received ${passes.length} rules that applied.`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const why = [...any, ...all, ...none].map(({ message }) => message).join("; ");
      return `${id}: ${help}: ${JSON.stringify(target)}: ${why}`;
    }),
  );
}

/** @returns what is wider than the window, or is cut off at its right side without a way to scroll there. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const found: string[] = [];
    const isScrolled = (element: Element): boolean => {
      for (let each = element.parentElement; each !== null; each = each.parentElement) {
        if (getComputedStyle(each).overflowX !== "visible" && each.getBoundingClientRect().right <= width + 1)
          return true;
      }
      return false;
    };
    const visit = (root: ParentNode): void => {
      for (const element of root.querySelectorAll("*")) {
        if (element.shadowRoot) visit(element.shadowRoot);
        const box = element.getBoundingClientRect();
        const isVisible = box.width > 0 && box.height > 0 && element.checkVisibility({ visibilityProperty: true });
        if (!isVisible || (box.right <= width + 1 && box.left >= -1) || isScrolled(element)) continue;
        found.push(
          `${element.outerHTML.slice(0, 80)} from ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`,
        );
      }
    };
    if (document.documentElement.scrollWidth > width)
      found.push(`the page scrolls to ${document.documentElement.scrollWidth} of ${width}`);
    visit(document);
    return found;
  });
}

/** @returns buttons, links and fields that overlap one another, so that one of them can't be read or pressed. */
export function overlapping(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.querySelector("inference-sharder")!.shadowRoot!;
    const controls = [...root.querySelectorAll("button, a, input, select, summary, h2, h3")].filter((element) => {
      const box = element.getBoundingClientRect();
      const isShown = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
      return (
        isShown &&
        box.width > 2 &&
        box.height > 2 &&
        !element.matches('[type="file"], [type="range"], [role="separator"]')
      );
    });
    /** Without what an ancestor cuts off, such as the rows that are out of sight in a list that scrolls. */
    const seen = (element: Element) => {
      let { left, right, top, bottom } = element.getBoundingClientRect();
      for (let outer = element.parentElement; outer !== null; outer = outer.parentElement) {
        if (getComputedStyle(outer).overflow === "visible") continue;
        const edge = outer.getBoundingClientRect();
        [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
        [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
      }
      return { left, right, top, bottom };
    };
    const boxes = controls.map(seen);
    const found: string[] = [];
    controls.forEach((one, index) => {
      const a = boxes[index]!;
      for (let next = index + 1; next < controls.length; next++) {
        const other = controls[next]!;
        if (one.contains(other) || other.contains(one)) continue;
        const b = boxes[next]!;
        const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (width > 2 && height > 2) found.push(`${one.outerHTML.slice(0, 90)} and ${other.outerHTML.slice(0, 90)}`);
      }
    });
    return found;
  });
}
