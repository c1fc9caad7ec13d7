import { ShardError } from "../../core/errors.js";
import { messageOf } from "../../protocol/error-record.js";
import { malformed } from "../malformed.js";

/** Where weight files are, if not beside model.json; named as TF.js names them in `tf.io.LoadOptions`. */
export interface WeightLocation {
  /** Put before each path of the manifest; absolute here. */
  readonly weightPathPrefix?: string | undefined;
  /** Makes an address of each path; one that is relative counts from model.json. */
  readonly weightUrlConverter?: ((path: string) => string | Promise<string>) | undefined;
}

/**
 * The address of every weight file. Paths count from model.json or follow the prefix; absolute ones stand. The query string
 * of model.json is repeated on its own host, as TF.js does (signed addresses), unless a path has its own.
 *
 * @throws ShardError "model-malformed" for a path that is none, "invalid-options" where the converter fails.
 */
export function weightUrls(
  paths: readonly string[],
  modelUrl: string,
  { weightPathPrefix, weightUrlConverter }: WeightLocation,
): Promise<string[]> {
  return Promise.all(
    paths.map(async (path) => {
      if (weightUrlConverter !== undefined) return convertedUrl(path, modelUrl, weightUrlConverter);
      const isAbsolute = /^[a-z][a-z\d+.-]*:/i.test(path);
      const resolved = resolveUrl(isAbsolute ? path : `${weightPathPrefix ?? ""}${path}`, path, modelUrl);
      // A signed address is signed for its own host; others have no business with it.
      if (resolved.search === "" && isSameOrigin(resolved.href, modelUrl)) resolved.search = new URL(modelUrl).search;
      return resolved.href;
    }),
  );
}

export function isSameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

async function convertedUrl(
  path: string,
  modelUrl: string,
  convert: NonNullable<WeightLocation["weightUrlConverter"]>,
): Promise<string> {
  let received = "";
  try {
    const address: unknown = await convert(path);
    received = String(address);
    if (typeof address === "string") return new URL(address, modelUrl).href;
  } catch (thrown) {
    received ||= `a failure (${messageOf(thrown)})`;
  }
  throw new ShardError(
    "invalid-options",
    `Expected an address from weightUrlConverter for "${path.slice(0, 80)}", received ${received}: return the file's address.`,
  );
}

function resolveUrl(address: string, path: string, modelUrl: string): URL {
  try {
    return new URL(address, modelUrl);
  } catch (cause) {
    throw malformed("paths of weight files in weightsManifest", `"${path.slice(0, 80)}"`, cause);
  }
}
