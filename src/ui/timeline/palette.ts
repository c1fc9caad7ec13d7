/** The colours of the theme, read from the element's custom properties. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly fault: string;
  readonly accent: string;
  readonly font: string;
}

export function readPalette(styled: Element): Palette {
  const style = getComputedStyle(styled);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    surface: colour("surface"),
    fault: colour("fault"),
    accent: colour("accent"),
    font: style.fontFamily,
  };
}

/** Black or white, whichever has the higher contrast to a colour. @param colour "#rrggbb" */
export function textOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // The luminance at which both contrasts are equal (WCAG 2.2: (L + 0.05) / 0.05 = 1.05 / (L + 0.05)).
  return luminance > Math.sqrt(1.05 * 0.05) - 0.05 ? "#000000" : "#ffffff";
}
