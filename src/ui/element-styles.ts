import { layoutStyles } from "./layout-styles.js";
import { styles } from "./styles.js";
import { modelStyles } from "./model/model-styles.js";
import { pictureStyles } from "./picture/picture-styles.js";
import { timelineStyles } from "./timeline/timeline-styles.js";
import { logStyles } from "./parts/log-styles.js";
import { throughputStyles } from "./throughput/throughput-styles.js";
import { totalsStyles } from "./totals/totals-styles.js";
import { layersStyles } from "./layers/layers-styles.js";
import { workersStyles } from "./workers/workers-styles.js";
import { speedStyles } from "./speed/speed-styles.js";
import { settingsStyles } from "./settings/settings-styles.js";
import { outputsStyles } from "./model/outputs/outputs-styles.js";
import { explanationStyles } from "./parts/explanation.js";
import { preferenceStyles } from "./parts/preference-styles.js";
import { steadyStyles } from "./parts/steady-styles.js";

/** In this order: what comes later adapts what is before it. */
const ALL = [
  layoutStyles,
  styles,
  modelStyles,
  pictureStyles,
  timelineStyles,
  logStyles,
  throughputStyles,
  totalsStyles,
  layersStyles,
  workersStyles,
  speedStyles,
  settingsStyles,
  outputsStyles,
  explanationStyles,
  preferenceStyles,
  steadyStyles,
];

/** The style sheet of one element, since sheets belong to one document. */
export function elementSheet(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(ALL.join(""));
  return sheet;
}
