import { ShardError } from "../../core/errors.js";
import { messageOf } from "../../protocol/error-record.js";
import { malformed } from "../malformed.js";

/** Where the weight files are, if not beside model.json. Named as in TF.js's `tf.io.LoadOptions`. */
export interface WeightLocation {
  /** Put before each path of the manifest; an absolute address. */
  readonly weightPathPrefix?: string | undefined;
  /** Returns the address for each path; a relative one counts from model.json. */
  readonly weightUrlConverter?: ((path: string) => string | Promise<string>) | undefined;
}

/**
 * Find the address of every weight file. Relative paths count from model.json or follow the prefix; absolute ones stay as they
 * are. Like TF.js, repeat the query string of model.json (for signed addresses), but only on its own host and for paths that
 * have no query of their own.
 *
 * @throws ShardError "model-malformed" for a path that is not valid, "invalid-options" if the converter fails.
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
      // A signature is meant for its own host and must not be sent to others.
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
    // A fragment never reaches the server: it is a part of the name.
    return new URL(address.replaceAll("#", "%23"), modelUrl);
  } catch (cause) {
    throw malformed("paths of weight files in weightsManifest", `"${path.slice(0, 80)}"`, cause);
  }
}
