import type { Sharder, SharderSettings } from "../../index.js";
import type { DashboardHost, Division } from "../dashboard/host.js";
import type { SharderPanel, ShownSharder } from "../dashboard/panel.js";
import { element, setText } from "../parts/dom.js";
import { unlessEnded } from "../parts/unless-ended.js";
import { NumberSetting } from "./number-setting.js";
import {
  CHECKS,
  DEFAULT_SETTINGS,
  ITEM_ERRORS,
  POLICIES,
  sharderSettings,
  type Choice,
  type JobSettings,
} from "./settings.js";
import { ENGINE_TITLES, engineText, type EngineChoice } from "./engine-setting.js";
import { SPLIT_TITLES, WorkersSetting, type SplitName } from "./split-setting.js";

const QUANTUM = { min: 1, max: 60_000, unit: "ms" } as const;
/** Only a sharder of the page's own can end while it is shown. */
const ENDED = "This sharder has ended, so nothing can be set on it: the page that has lent it has to give another one.";
const HOLDS = "Holds from the next run on.";
const TILE = { min: 32, max: 1024, unit: "pixels", empty: "automatic" } as const;

/** The settings of a tab's jobs, folded away. They hold for the jobs that start after a change. */
export class SettingsPanel implements SharderPanel {
  readonly root: HTMLElement;
  readonly #host: DashboardHost;
  readonly #prefix: string;
  readonly #split: WorkersSetting<SplitName>;
  readonly #engine: WorkersSetting<EngineChoice>;
  readonly #engineSaid = element("p", { class: "muted", "data-testid": "engine-said" });
  readonly #tile: NumberSetting;
  readonly #said = element("p", { class: "muted", "data-testid": "settings-said" });
  #sharder: Sharder | undefined;
  #settings = DEFAULT_SETTINGS;
  /** What the user has changed. */
  #chosen: SharderSettings = {};

  /**
   * @param host the tab that they are in. @param prefix tells the panels of a page apart, in ids.
   * @param hasTiles whether the jobs have tiles.
   */
  constructor(host: DashboardHost, prefix: string, hasTiles: boolean) {
    this.#host = host;
    this.#prefix = prefix;
    this.#split = new WorkersSetting(`${prefix}division`, "The model is divided", SPLIT_TITLES, (split) =>
      this.#divide({ split }, "Divided so from now on."),
    );
    this.#engine = new WorkersSetting(`${prefix}engine`, "It is computed by", ENGINE_TITLES, (engine) =>
      this.#divide({ engine }, "Computed so from now on."),
    );
    const quantum = new NumberSetting(
      `${prefix}quantum`,
      "A worker gets work for (ms)",
      QUANTUM,
      this.#settings.quantumMs,
      (value) => this.#change({ quantumMs: value ?? DEFAULT_SETTINGS.quantumMs }),
    );
    this.#tile = new NumberSetting(
      `${prefix}tile`,
      "Side of a tile (pixels)",
      TILE,
      this.#settings.tileSize,
      (tileSize) => this.#change({ tileSize }),
    );
    this.root = element(
      "details",
      { class: "panel settings", "data-testid": `${prefix}settings` },
      element("summary", {}, "Settings"),
      element(
        "div",
        { class: "fields" },
        this.#split.root,
        this.#engine.root,
        this.#engineSaid,
        this.#choice("policy", "Work is shared", POLICIES, (policy) => this.#change({ policy })),
        ...quantum.roots,
        ...(hasTiles ? this.#tile.roots : []),
        this.#choice("verify", "Results are checked by another worker", CHECKS, (verify) => this.#change({ verify })),
        this.#choice(
          "onItemError",
          hasTiles ? "A tile that no worker can compute" : "An item that no worker can compute",
          ITEM_ERRORS,
          (onItemError) => this.#change({ onItemError }),
        ),
        this.#said,
      ),
    );
  }

  get settings(): JobSettings {
    return this.#settings;
  }

  /** What the host's attributes say, until the user changes it. */
  useTileSize(tileSize: number | undefined): void {
    if (tileSize === undefined) return;
    this.#settings = { ...this.#settings, tileSize };
    this.#tile.show(tileSize);
  }

  /** Another sharder takes the settings over. */
  attach({ sharder, signal }: ShownSharder): void {
    const { division } = this.#host;
    for (const root of [this.#split.root, this.#engine.root]) root.hidden = division === undefined;
    if (division !== undefined) {
      this.#split.show(division.split);
      this.#engine.show(division.engine);
    }
    this.#sharder = sharder;
    const say = (): void => setText(this.#engineSaid, engineText(sharder));
    this.#engineSaid.hidden = division?.engine !== "auto";
    say();
    // The workers of the slower engine end a little later.
    for (const type of ["engine", "worker"] as const) sharder.addEventListener(type, say, { signal });
    // A sharder of the host's own keeps what the user has not touched; what was set while it was loaded holds for its runs.
    const held = Object.keys(this.#chosen).length > 0 ? HOLDS : "";
    setText(this.#said, this.#configure() ? held : ENDED);
  }

  /** @returns whether the sharder is still there. */
  #configure(): boolean {
    const sharder = this.#sharder;
    return sharder === undefined || unlessEnded(() => sharder.configure(this.#chosen));
  }

  async #divide(change: Parameters<Division["change"]>[0], done: string): Promise<boolean> {
    setText(this.#said, "Starting the workers anew …");
    const isDone = (await this.#host.division?.change(change)) ?? false;
    setText(this.#said, isDone ? done : "Nothing has changed.");
    return isDone;
  }

  #change(change: Partial<JobSettings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#chosen = { ...this.#chosen, ...sharderSettings(change) };
    setText(this.#said, this.#configure() ? HOLDS : ENDED);
  }

  #choice<K extends "policy" | "verify" | "onItemError">(
    name: K,
    title: string,
    choices: readonly Choice<JobSettings[K]>[],
    onChange: (value: JobSettings[K]) => void,
  ): HTMLElement {
    const id = `${this.#prefix}${name}`;
    const select = element("select", { id, "data-testid": id });
    choices.forEach((choice, index) => select.append(element("option", { value: String(index) }, choice.title)));
    select.selectedIndex = choices.findIndex(({ value }) => value === this.#settings[name]);
    select.addEventListener("change", () => {
      const chosen = choices[select.selectedIndex];
      if (chosen !== undefined) onChange(chosen.value);
    });
    return element("div", { class: "field" }, element("label", { for: id }, title), select);
  }
}
