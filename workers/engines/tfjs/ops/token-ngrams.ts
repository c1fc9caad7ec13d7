/** All runs of tokens of each width, joined by spaces: those of the first width, then those of the next. */
export function ngramsOf(tokens: readonly string[], widths: readonly number[]): string[] {
  return widths.flatMap((width) =>
    Array.from({ length: Math.max(0, tokens.length - width + 1) }, (_, start) =>
      tokens.slice(start, start + width).join(" "),
    ),
  );
}
