import type { ShardError } from "../../core/errors.js";
import type { TensorBinding } from "../../protocol/model-on-wire.js";
import { describeFile } from "../describe-file.js";
import type { InspectedModel } from "../inspect.js";
import { declare, type DeclaredInputs } from "../prepare-model.js";
import { serverAddress } from "./address.js";
import { contactServer } from "./contact-server.js";
import { dtypeOf } from "./datatypes.js";
import { ServerClient } from "./server-client.js";
import type { ServerTensor } from "./server-model.js";

/** Why such a model is not cut. */
const IN_ONE_PIECE = "a server runs its model in one piece";

export interface RemoteSource {
  /** Complete. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The server's names, by those that the caller wants to use. */
  readonly names: Readonly<Record<string, string>> | undefined;
}

/**
 * Describe a model that a server holds, by what the server says of it.
 * @param declared what the caller has declared about inputs.
 * @throws ShardError "model-unsupported" if it states no interface, or types that are not known here; "invalid-options" for a name that no
 *         input has; as `contactServer`
 */
export async function inspectRemote(
  { url, headers, names = {} }: RemoteSource,
  declared: DeclaredInputs,
  signal: AbortSignal | undefined,
): Promise<InspectedModel> {
  const client = new ServerClient(serverAddress(url), headers);
  const { name, model } = await contactServer(client, signal);
  const { host } = client.address;
  if (model.inputs.length === 0 || model.outputs.length === 0) {
    throw unsupported(
      client,
      "to state its inputs and outputs",
      "none",
      "add metadata to it on the server, or open its file and name the server as a worker",
    );
  }
  const own = new Map(Object.entries(names).map(([ours, theirs]) => [theirs, ours]));
  const bind = ({ name: theirs, element, shape, datatype }: ServerTensor): TensorBinding => {
    if (element === undefined) {
      throw unsupported(
        client,
        `"${client.clean(theirs)}" of a type that is known here`,
        datatype,
        "cast it to FP32 on the server",
      );
    }
    return { name: own.get(theirs) ?? theirs, tensorName: theirs, shape, dtype: dtypeOf(element) };
  };
  return describeFile(
    {
      format: "remote",
      inputs: declare(model.inputs.map(bind), declared),
      outputs: model.outputs.map(bind),
      // What tells it from others of the same interface, in journals and in what is remembered.
      weightData: new TextEncoder().encode(client.address.modelUrl).buffer,
    },
    { reason: IN_ONE_PIECE },
    {
      layerCount: 1,
      weightBytes: 0,
      userDefinedMetadata: { server: { name, platform: model.platform, host } },
      reason: "a server has it, and runs it as a whole",
    },
  );
}

function unsupported(client: ServerClient, expected: string, received: string, advice: string): ShardError {
  const wanted = `the model on the server ${client.address.host} ${expected}`;
  return client.error("model-unsupported", wanted, received, advice);
}
