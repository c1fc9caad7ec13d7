import { Dashboard } from "../dashboard/dashboard.js";
import type { DashboardHost } from "../dashboard/host.js";
import { element } from "../parts/dom.js";
import { LogPanel } from "../parts/log-panel.js";
import { Notice } from "../parts/notice.js";
import { ResumeOffer } from "../parts/resume-offer.js";
import { WorkerColours } from "../workers/colours.js";
import { JobPanel } from "./job-panel.js";
import { LoadingState } from "./loading-state.js";
import { PictureCaption } from "./picture-caption.js";
import { PictureInput } from "./picture-input.js";
import type { ChosenPicture } from "./picture-job.js";
import { layOutPicture } from "./picture-layout.js";
import { Preview } from "./preview.js";
import { SaveControls } from "./save-controls.js";
import { takeFiles } from "./take-files.js";

/** What the panels need of the tab. */
export interface PanelsOwner extends DashboardHost {
  readonly isPaused: boolean;
  run(): void;
  pause(): void;
  resume(): void;
  cancel(): void;
  /** Turn the repetition on, which starts it, or off. */
  repeat(isOn: boolean): void;
  choose(pictures: readonly ChosenPicture[]): void;
  /** Show the other tab, with these files of a model. */
  readonly toModel: (files: readonly File[]) => void;
  /** Save the picture that is shown. */
  save(): void;
  /** Something that is shown has changed. */
  update(): void;
}

/** The panels of the tab "Enlarge a picture", and what of them needs no job. */
export class PicturePanels {
  readonly roots: readonly HTMLElement[];
  readonly colours = new WorkerColours();
  readonly notice = new Notice();
  readonly offer = new ResumeOffer("resume-picture");
  readonly preview = new Preview();
  readonly caption = new PictureCaption();
  readonly log = new LogPanel();
  readonly list = element("div", { class: "list-place" });
  readonly dashboard: Dashboard;
  /** What is shown until there is a sharder. */
  readonly loading: LoadingState;
  readonly input: PictureInput;
  readonly saving: SaveControls;
  readonly job: JobPanel;

  constructor(owner: PanelsOwner) {
    const takers = {
      choose: (pictures: readonly ChosenPicture[]) => owner.choose(pictures),
      toModel: (files: readonly File[]) => owner.toModel(files),
      refuse: (title: string, reason: string) => this.refuse(title, reason),
      note: (text: string) => this.log.add(text),
      notice: this.notice,
    };
    this.dashboard = new Dashboard(this.colours, "tile", "picture-", owner);
    this.input = new PictureInput(
      (files) => takeFiles(files, takers),
      (reason) => this.refuse("That is not a picture", reason),
    );
    this.loading = new LoadingState(this.notice, this.log, this.input, () => owner.update());
    this.saving = new SaveControls(() => owner.save());
    this.job = new JobPanel(this.input, this.saving, this.dashboard.speedUp.root, {
      runAgain: () => owner.run(),
      togglePause: () => (owner.isPaused ? owner.resume() : owner.pause()),
      cancel: () => owner.cancel(),
      repeat: (isOn) => owner.repeat(isOn),
    });
    this.roots = layOutPicture({
      notice: this.notice,
      offer: this.offer,
      job: this.job,
      preview: this.preview,
      caption: this.caption.root,
      list: this.list,
      workers: this.dashboard.workers,
      log: this.log,
      dashboard: this.dashboard,
    });
  }

  /** Say that something was not done, and why. */
  refuse(title: string, reason: string): void {
    this.notice.show(title, reason);
    this.log.add(reason, "fault");
  }
}
