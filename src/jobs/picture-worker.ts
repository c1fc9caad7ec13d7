import { ShardError } from "../core/errors.js";
import { handOver, WorkerCalls } from "../pool/worker-calls.js";
import { openPictureWorker } from "../pool/worker-entries.js";
import type { WorkerLink } from "../pool/worker-link.js";
import type { Reply } from "../protocol/error-record.js";
import type {
  OpenedPicture,
  PictureApi,
  PictureEncoding,
  PicturePlan,
  PictureStrip,
  PictureView,
  PixelApi,
  PixelPlan,
  PlacedTile,
  PlaceRequest,
} from "../protocol/picture-api.js";

/** Long enough to decode or encode tens of megapixels on a slow machine. */
const DEADLINE_MS = 180_000;

/** What a model can look at. A `File` is a `Blob`; its type may be anything that the browser decodes. */
export type Picture = Blob | ImageData | ImageBitmap | VideoFrame;

type Api = PictureApi<Blob, ImageBitmap> & PixelApi<Picture>;

/** The page's side of the picture worker. Every call settles: with its result, or with the error that ended the worker. */
export class PictureWorker {
  readonly #calls: WorkerCalls<Api>;
  #isOpen = true;

  /** @throws ShardError "backend-unavailable" where the browser refuses to start the script. */
  constructor(link: WorkerLink<Api> = openPictureWorker()) {
    this.#calls = new WorkerCalls(link, {
      name: "picture",
      lostTo: (reason) =>
        new ShardError(
          "worker-lost",
          `Expected the picture worker to keep running, but it was lost (${reason}): try again, or use a smaller picture.`,
        ),
      onEnd: () => (this.#isOpen = false),
    });
  }

  /** Whether it still takes calls, that is, has been neither closed nor lost. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @throws ShardError "picture-unreadable", "picture-too-large", "out-of-memory" */
  open(picture: Blob, plan: PicturePlan): Promise<OpenedPicture<ImageBitmap>> {
    return this.#call("open the picture", (api) => api.open(picture, plan));
  }

  cutRow(row: number): Promise<PictureStrip> {
    return this.#call("cut a strip", (api) => api.cutRow(row));
  }

  /** The buffer of `request.rgb` is transferred to the worker. */
  place(request: PlaceRequest): Promise<PlacedTile<ImageBitmap>[]> {
    const sent = handOver(request, [request.rgb.buffer as ArrayBuffer]);
    return this.#call("place tiles", (api) => api.place(sent));
  }

  /** @throws ShardError "invalid-options" where the browser can't write the format. */
  encode(encoding: PictureEncoding): Promise<Blob> {
    return this.#call("encode the result", (api) => api.encode(encoding));
  }

  view(view: PictureView): Promise<ImageBitmap> {
    return this.#call("draw a part of the picture", (api) => api.view(view));
  }

  /** @throws ShardError "picture-unreadable", "invalid-options" */
  convert(picture: Blob, encoding: PictureEncoding): Promise<Blob> {
    return this.#call("convert a picture", (api) => api.convert(picture, encoding));
  }

  /**
   * The worker gets a copy; the caller's picture stays as it is.
   * @throws ShardError "picture-unreadable", "out-of-memory"
   */
  readPixels(picture: Picture, plan: PixelPlan): Promise<Uint8Array | Float32Array> {
    return this.#call("read a picture", (api) => api.readPixels(picture, plan), readingDeadlineMs(picture));
  }

  close(): void {
    this.#isOpen = false;
    this.#calls.end(new ShardError("disposed", "The picture was closed."));
  }

  #call<T>(what: string, ask: (api: Api) => Promise<Reply<T>>, deadlineMs = DEADLINE_MS): Promise<T> {
    return this.#calls.call(what, deadlineMs, ask);
  }
}

/** How long reading one picture may take: a slow phone decodes ten megapixels, which a file of 3 MB may have, in some seconds. */
export function readingDeadlineMs(picture: Picture): number {
  const { size, width, codedWidth, height, codedHeight } = picture as Partial<Blob & ImageData & VideoFrame>;
  const megapixels = ((width ?? codedWidth ?? 0) * (height ?? codedHeight ?? 0)) / 1e6;
  return Math.min(DEADLINE_MS, 20_000 + 2_000 * megapixels + 6_000 * ((size ?? 0) / 1e6));
}
