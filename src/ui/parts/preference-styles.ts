/** What people have asked their system for: forced colours, in which backgrounds say nothing. Reduced motion is in `styles`. @see styles */
export const preferenceStyles = `
@media (forced-colors: active) {
  .bar { border: 1px solid CanvasText; }
  .bar-fill, .swatch, canvas { forced-color-adjust: none; }
  button[aria-pressed="true"], .tabs [aria-selected="true"] { outline: 2px solid Highlight; }
}
`;
