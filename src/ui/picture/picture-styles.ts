const CHECKS = "repeating-conic-gradient(var(--check) 0 25%, var(--surface) 0 50%) 0 0 / 1.25rem 1.25rem";

/** Styles of "Enlarge a picture". @see styles */
export const pictureStyles = `
/* What is above the picture, and the line below it, so that it is not cut by the fold. */
.picture { --preview-height: max(13rem, 100svh - 28.75rem); grid-template-columns: minmax(0, 1fr); }
:host([embed]) .picture { --preview-height: max(13rem, 100svh - 24.75rem); }
.pitch { margin-bottom: 0.75rem; font-weight: 500; }
/* In the panel of the job it is one line or two, as high before anything is measured as after it, so that the picture stays where it is. */
.job .speed-up { display: flex; flex-wrap: wrap; align-items: center; align-content: center; gap: 0.25rem 1rem; min-height: 3rem; margin-bottom: 0.6rem; padding: 0; border: 0; background: none; }
.job .speed-up > .muted { flex: 1 1 18rem; }
.job .speed-figures strong { font-size: 2.25rem; }
.job .speed-up details { margin: 0; }
.job .speed-up details[open] { flex-basis: 100%; order: 2; }
.below-picture { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
.check { display: inline-flex; align-items: center; gap: 0.4rem; min-height: 2.25rem; padding: 0 0.25rem; cursor: pointer; }
.check input { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--accent); }
.saving { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin-left: auto; }
.save-quality { display: flex; flex: 1 1 auto; width: 9rem; align-items: center; gap: 0.4rem; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
/* Its place stays, so that nothing moves when it comes. */
.save-quality[data-unused] { visibility: hidden; }
.save-quality input { flex: 1; width: 0; min-width: 2.5rem; accent-color: var(--accent); }
.quality { min-width: 3rem; }

.preview { display: grid; justify-items: center; align-items: center; overflow: hidden; min-height: 8rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--surface); }
/* About as high as most pictures will be, so that little moves when the first one comes. */
.preview:not([data-job]) { min-height: min(var(--preview-height, 60vh), 62cqi); }
.preview:not([data-job]) ~ :is(.below-picture, .view-options) { visibility: hidden; }
.empty { padding: 4rem 1rem; text-align: center; }
.frame-box {
  position: relative; overflow: hidden; aspect-ratio: var(--preview-ratio, 1.5);
  width: min(100%, max(var(--preview-width, 60rem), 14rem), calc(var(--preview-height, 60vh) * var(--preview-ratio, 1.5)));
}
.frame { position: absolute; inset: 0; overflow: hidden; background: ${CHECKS}; cursor: zoom-in; touch-action: pan-x pan-y; }
.frame[data-zoomed] { cursor: grab; touch-action: none; }
.frame[data-zoomed]:active { cursor: grabbing; }
.frame:focus-visible { outline-offset: -3px; }
.stage { position: absolute; inset: 0; transform-origin: 0 0; transform: translate(var(--left, 0), var(--top, 0)) scale(var(--zoom, 1)); }
.stage canvas { position: absolute; left: 0; top: 0; width: 100%; height: 100%; }
.frame[data-nearest] canvas { image-rendering: pixelated; }
.before { position: absolute; inset: 0; visibility: hidden; background: ${CHECKS}; clip-path: inset(0 calc(100% - var(--wipe, 0%)) 0 0); pointer-events: none; }
[data-wiped] .before, [data-original] .before { visibility: visible; }
[data-original] .before { clip-path: none; }
.tints { opacity: 0; }
[data-job="running"][data-tints="running"] .tints, [data-tints="always"] .tints { opacity: 1; }
[data-job="ended"] .tints { transition: opacity 0.8s; }

.wipe { position: absolute; inset: 0; pointer-events: none; }
[data-original] .wipe { visibility: hidden; }
.wipe-line { position: absolute; top: 0; bottom: 0; left: var(--wipe, 0%); width: 2px; margin-left: -1px; background: #ffffff; box-shadow: 0 0 0 1px rgb(0 0 0 / 0.55); visibility: hidden; }
[data-wiped] .wipe-line { visibility: inherit; }
.wipe-name { position: absolute; top: 0.6rem; padding: 0.1rem 0.5rem; border-radius: 0.35rem; background: rgb(0 0 0 / 0.7); color: #ffffff; font-size: 0.8125rem; font-weight: 600; visibility: hidden; }
.wipe-name.before-name { left: 0.6rem; }
.wipe-name.after-name { right: 0.6rem; }
[data-split] .wipe-name { visibility: inherit; }
/* Only for keys and assistive technology: what is seen, and taken by a pointer, is the handle. */
.wipe input { position: absolute; inset: auto 0 50%; width: 100%; height: 1.5rem; margin: 0; opacity: 0; pointer-events: none; }
.wipe-handle { position: absolute; top: calc(50% - 1.25rem); left: clamp(0.25rem, calc(var(--wipe, 0%) - 1.25rem), calc(100% - 2.75rem)); width: 2.5rem; height: 2.5rem; border: 2px solid #ffffff; border-radius: 50%; background: rgb(0 0 0 / 0.55); box-shadow: 0 0 0 1px rgb(0 0 0 / 0.55); cursor: ew-resize; pointer-events: auto; touch-action: none; }
.wipe-handle::after { content: "\\2194"; display: grid; place-items: center; height: 100%; color: #ffffff; font-size: 1.25rem; line-height: 1; }
.wipe input:focus-visible + .wipe-handle { outline: 3px solid var(--accent); outline-offset: 2px; }

.caption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.1rem 0.6rem; min-height: 1.5rem; font-variant-numeric: tabular-nums; }
.enlargement { font-size: 1.125rem; }
.view-options, .zooming { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }
.zooming { gap: 0.35rem; }
.zooming .small { min-width: 2.25rem; justify-content: center; }
.zoom-percent { min-width: 3.6rem; text-align: center; font-variant-numeric: tabular-nums; }
.view-options [data-testid="hold"] { margin-left: auto; touch-action: none; user-select: none; }

.list-place { display: contents; }
.queue-scroll { overflow: auto; max-height: 20rem; margin: 0.5rem 0; }
.queue { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) auto; list-style: none; }
.queue-row { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; gap: 0.25rem 0.75rem; padding: 0.3rem 0; border-top: 1px solid var(--line); }
.queue-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
.queue-state { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.queue-row[data-state="failed"] .queue-state { color: var(--fault); }
.queue-buttons { display: flex; gap: 0.35rem; justify-content: end; }

@container sharder (min-width: 100rem) {
  /* The buttons are one line. */
  .picture { --preview-height: max(13rem, 100svh - 26rem); }
  :host([embed]) .picture { --preview-height: max(13rem, 100svh - 22rem); }
}
@container sharder ((min-width: 60rem) and (max-width: 78rem)) or (max-width: 54rem) {
  .job .speed-up { min-height: 4.6rem; }
  .job .speed-figures { flex: 1 0 100%; line-height: 1.2; }
  .job .speed-figures strong { font-size: 1.75rem; }
}
@container sharder (max-width: 40rem) {
  .pitch { font-size: 0.9375rem; }
  .saving { margin-left: 0; }
  .queue { grid-template-columns: minmax(0, 1fr); }
  .queue-buttons { justify-content: start; }
  .view-options [data-testid="hold"] { margin-left: 0; }
}
@container sharder (max-width: 30rem) {
  .job .buttons :is(button, .button, select, .check) { padding-inline: 0.5rem; font-size: 0.875rem; }
  .job .speed-up { gap: 0.25rem 0.6rem; min-height: 4.1rem; }
  .job .speed-up > .muted { flex-basis: 10rem; font-size: 0.8125rem; }
  .job .speed-up .buttons > button { min-height: 2rem; }
  .job .speed-figures { gap: 0 0.75rem; font-size: 0.875rem; white-space: nowrap; }
  .job .speed-figures strong { font-size: 1.375rem; }
  .save-quality { width: 6rem; }
}
@container sharder (max-width: 22rem) { .job .speed-up { min-height: 6.9rem; } }
@container sharder (max-width: 24rem) {
  .job .buttons :is(button, .button, select, .check) { padding-inline: 0.4rem; font-size: 0.8125rem; }
}
`;
