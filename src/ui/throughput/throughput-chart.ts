import type uPlot from "uplot";
import type { MarkKind } from "./marks.js";

/** One line of the chart. */
export interface ChartLine {
  readonly label: string;
  /** Default: the text's. */
  readonly colour: string | undefined;
  readonly width: number;
  readonly isShown: boolean;
}

export interface ChartContent {
  readonly lines: readonly ChartLine[];
  readonly seconds: readonly number[];
  /** By line, items per second. */
  readonly values: readonly (readonly number[])[];
  readonly marks: readonly { readonly kind: MarkKind; readonly seconds: number }[];
  /** The span on show, seconds. */
  readonly from: number;
  readonly to: number;
}

/** Colours of the theme. */
interface Theme {
  readonly text: string;
  /** Of what stands out. */
  readonly strong: string;
  readonly line: string;
  readonly marks: Readonly<Record<MarkKind, string>>;
}

const HEIGHT_PX = 200;
/** The theme is read again after this time, ms. */
const THEME_MS = 1_000;
/** Distances of the labels on the axis of time. */
const TICK_SECONDS: readonly number[] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];
/** Each kind of mark is told apart by its dashes and its sign, too. */
const DASHES: Readonly<Record<MarkKind, readonly number[]>> = { rebalance: [2, 4], fault: [], recovery: [6, 3] };
const SIGNS: Readonly<Record<MarkKind, string>> = { rebalance: "⇄", fault: "✕", recovery: "✓" };

/** A line chart over time, drawn by uPlot, which is loaded when the first chart is made. */
export class ThroughputChart {
  readonly #target: HTMLElement;
  readonly #create: typeof uPlot;
  readonly #onCursor: (seconds: number | undefined) => void;
  #plot: uPlot | undefined;
  #lines: readonly ChartLine[] = [];
  #content: ChartContent | undefined;
  #theme: Theme | undefined;
  #themeAtMs = -Infinity;

  /**
   * @param target shows the chart; its width is the chart's.
   * @param onCursor called with the moment under the pointer.
   * @throws if the script can't be loaded.
   */
  static async load(target: HTMLElement, onCursor: (seconds: number | undefined) => void): Promise<ThroughputChart> {
    const { default: create } = await import("uplot");
    return new ThroughputChart(target, create, onCursor);
  }

  private constructor(target: HTMLElement, create: typeof uPlot, onCursor: (seconds: number | undefined) => void) {
    this.#target = target;
    this.#create = create;
    this.#onCursor = onCursor;
  }

  draw(content: ChartContent): void {
    this.#content = content;
    this.#refreshTheme();
    if (this.#plot === undefined || !areAlike(this.#lines, content.lines)) this.#build(content.lines);
    const plot = this.#plot!;
    const data: uPlot.AlignedData = [[...content.seconds], ...content.values.map((each) => [...each])];
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min: content.from, max: content.to });
      const shown = content.values.filter((_, index) => content.lines[index]!.isShown);
      plot.setScale("y", { min: 0, max: Math.max(0.1, ...shown.map((each) => Math.max(0, ...each))) * 1.1 });
    });
  }

  /** Reading a style has the page's styles computed at once. */
  #refreshTheme(): void {
    const nowMs = performance.now();
    if (this.#theme !== undefined && nowMs - this.#themeAtMs < THEME_MS) return;
    this.#themeAtMs = nowMs;
    this.#theme = readTheme(this.#target);
  }

  resize(): void {
    const { clientWidth: width } = this.#target;
    if (width > 0) this.#plot?.setSize({ width, height: HEIGHT_PX });
  }

  close(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #build(lines: readonly ChartLine[]): void {
    this.close();
    this.#lines = lines;
    const axis: uPlot.Axis = {
      stroke: () => this.#theme!.text,
      grid: { stroke: () => this.#theme!.line, width: 1 },
      ticks: { stroke: () => this.#theme!.line, width: 1 },
      font: "12px system-ui, sans-serif",
    };
    const options: uPlot.Options = {
      width: Math.max(100, this.#target.clientWidth),
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(formatClock), space: 60, size: 30, incrs: [...TICK_SECONDS] },
        { ...axis, size: 44 },
      ],
      series: [
        {},
        ...lines.map(({ label, colour, width, isShown }) => ({
          label,
          stroke: () => colour ?? this.#theme!.strong,
          width,
          show: isShown,
          points: { show: false },
        })),
      ],
      hooks: {
        draw: [(plot) => this.#drawMarks(plot)],
        setCursor: [(plot) => this.#onCursor(momentUnderCursor(plot))],
      },
    };
    this.#plot = new this.#create(options, [[], ...lines.map(() => [])], this.#target);
  }

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.lineWidth = devicePixelRatio;
    for (const { kind, seconds } of this.#content?.marks ?? []) {
      const x = Math.round(plot.valToPos(seconds, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = this.#theme!.marks[kind];
      ctx.setLineDash(DASHES[kind].map((length) => length * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top + 14 * devicePixelRatio);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(SIGNS[kind], x, bbox.top);
    }
    ctx.restore();
  }
}

/** The moment under the cursor, seconds; `undefined` while it is elsewhere. */
function momentUnderCursor(plot: uPlot): number | undefined {
  const { left } = plot.cursor;
  return left === undefined || left < 0 ? undefined : plot.posToVal(left, "x");
}

/** "1:05" for 65 seconds, "−0:10" for 10 seconds before the beginning. */
export function formatClock(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  return `${seconds < 0 && whole > 0 ? "−" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function areAlike(a: readonly ChartLine[], b: readonly ChartLine[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function readTheme(target: HTMLElement): Theme {
  const style = getComputedStyle(target);
  const colour = (property: string): string => style.getPropertyValue(property).trim();
  const [muted, accent, fault] = [colour("--muted"), colour("--accent"), colour("--fault")];
  return {
    text: muted,
    strong: colour("--text"),
    line: colour("--line"),
    marks: { rebalance: muted, fault, recovery: accent },
  };
}
