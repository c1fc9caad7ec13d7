import { releaseProxy, transfer, wrap, type Remote } from "comlink";
import { ShardError } from "../core/errors.js";
import { CallTable } from "../pool/call-table.js";
import { fromErrorRecord, type Reply } from "../protocol/error-record.js";
import type {
  OpenedPicture,
  PictureApi,
  PicturePlan,
  PictureStrip,
  PixelApi,
  PixelPlan,
  PlacedTile,
  PlaceRequest,
} from "../protocol/picture-api.js";

/** Decoding or encoding tens of megapixels on a slow machine. */
const DEADLINE_MS = 180_000;

/** What a model can look at. A `File` is a `Blob`; its type may be anything that the browser decodes. */
export type Picture = Blob | ImageData | ImageBitmap | VideoFrame;

/** The page's side of the picture worker. Every call settles: with its result, or with the worker's end. */
export class PictureWorker {
  readonly #worker: Worker;
  readonly #api: Remote<PictureApi<Blob, ImageBitmap> & PixelApi<Picture>>;
  readonly #calls = new CallTable("picture", (error) => this.#end(error));
  #isOpen = true;

  constructor() {
    this.#worker = new Worker(new URL("../../workers/picture.ts", import.meta.url), {
      type: "module",
      name: "picture",
    });
    this.#api = wrap(this.#worker);
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#end(
        new ShardError(
          "worker-lost",
          `Expected the picture worker to keep running, it was lost: ${event.message || "its script could not be loaded"}; try again, or a smaller picture.`,
        ),
      );
    });
  }

  /** Whether it takes calls: it has not been closed or lost. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @throws ShardError "picture-unreadable", "picture-too-large", "out-of-memory" */
  open(picture: Blob, plan: PicturePlan): Promise<OpenedPicture<ImageBitmap>> {
    return this.#call("open the picture", async () => this.#api.open(picture, plan));
  }

  cutRow(row: number): Promise<PictureStrip> {
    return this.#call("cut a strip", async () => this.#api.cutRow(row));
  }

  /** The buffer of `request.rgb` is handed over. */
  place(request: PlaceRequest): Promise<PlacedTile<ImageBitmap>[]> {
    const sent = transfer(request, [request.rgb.buffer as ArrayBuffer]);
    return this.#call("place tiles", async () => this.#api.place(sent));
  }

  encode(): Promise<Blob> {
    return this.#call("encode the result", async () => this.#api.encode());
  }

  /**
   * The worker gets a copy; the caller's picture stays as it is.
   * @throws ShardError "picture-unreadable", "out-of-memory"
   */
  readPixels(picture: Picture, plan: PixelPlan): Promise<Uint8Array | Float32Array> {
    return this.#call("read a picture", async () => this.#api.readPixels(picture, plan));
  }

  close(): void {
    this.#end(new ShardError("disposed", "The picture was closed."));
  }

  async #call<T>(what: string, call: () => Promise<Reply<T>>): Promise<T> {
    const reply = await this.#calls.race(what, DEADLINE_MS, call);
    if (!reply.ok) throw fromErrorRecord(reply.error);
    return reply.value;
  }

  #end(error: ShardError): void {
    this.#isOpen = false;
    this.#worker.terminate();
    this.#api[releaseProxy]();
    this.#calls.rejectAll(error);
  }
}
