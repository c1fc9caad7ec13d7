import { createSharder, deleteJournal, upscalePicture, type Sharder } from "inference-sharder";
import { defineInferenceSharder, type InferenceSharderElement } from "inference-sharder/element";
import { log } from "./log.js";
import { compareRows, medianRatio, type Row, type Suite, type SuiteRequest } from "./report.js";
import { summarise, timed } from "./statistics.js";

const MODEL = "models/upscale-x2/model.json";
const WORKERS = [{ backend: "wasm" }, { backend: "wasm" }] as const;
/** Sides of the picture, pixels: several seconds of work for two WASM workers. */
const [WIDTH, HEIGHT] = [960, 640];
const WARM_UP_ROUNDS = 1;
const MIN_ROUNDS = 3;
const BARE = "bare API";
const ELEMENT = "element, all panels open";

declare global {
  /** Provided by scripts/bench.mjs. @returns processor time of the whole browser so far, ms. */
  function processorMs(): Promise<number>;
}

/**
 * What the page's panels cost: the same picture through the element with everything on view, and through the bare API. Where the
 * workers keep every core busy, processor time that goes to the panels is lost to the job.
 */
export async function runUiSuite({ runs, seconds }: SuiteRequest): Promise<Suite> {
  const blob = await drawPicture();
  const lent = await createSharder({ model: MODEL, workers: WORKERS });
  const bare = await createSharder({ model: MODEL, workers: WORKERS });
  const element = showElement(lent);
  try {
    const rates: Record<string, number[]> = { [BARE]: [], [ELEMENT]: [] };
    const processor: Record<string, number[]> = { [BARE]: [], [ELEMENT]: [] };
    let tileCount = 0;
    const subjects: [string, () => Promise<unknown>][] = [
      [BARE, async () => (tileCount = await enlarge(bare, blob))],
      [ELEMENT, () => runIn(element, blob)],
    ];
    const startMs = performance.now();
    for (let round = -WARM_UP_ROUNDS; round < runs; round++) {
      if (round >= MIN_ROUNDS && performance.now() - startMs > 1e3 * seconds) break;
      // Each round begins with the other one, so that whatever drifts affects both alike.
      for (const [name, run] of round % 2 === 0 ? subjects : subjects.toReversed()) {
        const startedMs = await processorMs();
        const { ms } = await timed(run);
        const usedMs = (await processorMs()) - startedMs;
        if (round < 0) continue;
        rates[name]!.push((1e3 * tileCount) / ms);
        processor[name]!.push(usedMs);
      }
      log(`  ui: round ${round + 1} of ${runs}`);
    }
    const rows = Object.entries(rates).map(([subject, each]): Row => ({
      model: "upscale-x2",
      subject,
      batch: tileCount,
      itemsPerSecond: summarise(each),
      runs: each.length,
      runItemsPerSecond: each,
      workers: WORKERS.map(({ backend }) => backend),
    }));
    const [without, withPanels] = rows as [Row, Row];
    return {
      suite: "ui",
      rows,
      ratios: {
        element_over_bare_api: { "upscale-x2": compareRows(withPanels, without, { atLeast: 0.97 }) },
        processor_time_of_bare_api_over_element: {
          "upscale-x2": medianRatio(processor[BARE]!.map((usedMs, round) => usedMs / processor[ELEMENT]![round]!)),
        },
      },
      notes: [
        `A picture of ${WIDTH} × ${HEIGHT} pixels, with a journal in both; the element is scaled down so that all its panels are in the window.`,
      ],
      errors: [],
    };
  } finally {
    element.remove();
    await Promise.all([lent.dispose(), bare.dispose()]);
  }
}

/** The element, small enough for all of its panels to be in the window: what is out of sight is not drawn. */
function showElement(sharder: Sharder): InferenceSharderElement {
  defineInferenceSharder();
  const element = document.createElement("inference-sharder");
  element.setAttribute("sample", "");
  element.sharder = sharder;
  document.body.style.zoom = "0.25";
  document.body.append(element);
  for (const details of element.shadowRoot?.querySelectorAll("details") ?? []) details.open = true;
  return element;
}

function runIn(element: InferenceSharderElement, blob: Blob): Promise<unknown> {
  return new Promise((resolve, reject) => {
    element.addEventListener("done", resolve, { once: true });
    element.addEventListener("error", (event) => reject(new Error(`The element failed: ${JSON.stringify(event)}`)), {
      once: true,
    });
    element.run(blob);
  });
}

/** @returns the number of tiles. */
async function enlarge(sharder: Sharder, blob: Blob): Promise<number> {
  let tileCount = 0;
  const picture = await upscalePicture(sharder, blob, {
    journal: { name: "bench: ui", key: "picture", keepResults: false },
    onOpen: (opened) => {
      tileCount = opened.tileCount;
      opened.preview.close();
    },
  });
  picture.close();
  await deleteJournal("bench: ui");
  return tileCount;
}

async function drawPicture(): Promise<Blob> {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("Expected a canvas to draw on, received none.");
  for (let index = 0; index < 2_000; index++) {
    context.fillStyle = `hsl(${(index * 37) % 360} 70% 50%)`;
    context.fillRect((index * 7919) % WIDTH, (index * 104_729) % HEIGHT, WIDTH / 30, HEIGHT / 30);
  }
  return canvas.convertToBlob();
}
