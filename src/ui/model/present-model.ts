import type { ModelLabels, Sharder } from "../../index.js";
import type { LoadRequest } from "./model-request.js";

/** The sharder that a session runs, and what is known of its model. */
export interface PresentModel {
  readonly sharder: Sharder;
  /** Of a sharder that is its host's to end. */
  readonly lent?: { readonly address: string | undefined };
  /** What was asked for; `undefined` for a lent one. */
  readonly loaded?: LoadRequest;
  readonly labels?: ModelLabels | undefined;
  /** What failed while it was loaded, and was recovered from. */
  readonly notices: readonly string[];
}

/** Where the model is; `undefined` where the host has not said it. */
export function sourceOf({ lent, loaded }: PresentModel): LoadRequest["model"] | undefined {
  return loaded?.model ?? lent?.address;
}
