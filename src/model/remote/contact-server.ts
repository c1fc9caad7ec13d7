import { asJsonObject } from "../artifacts.js";
import { retryAfterMs } from "./retry-after.js";
import { TimeLimit, type ServerAnswer, type ServerClient } from "./server-client.js";
import { readServerModel, type ServerModel } from "./server-model.js";

/** What a server says of itself and of one model. */
export interface ServerFacts {
  /** Name and version, for people; "a server" if it has none. */
  readonly name: string;
  readonly model: ServerModel;
  /** Whether it says that it takes binary tensors; `undefined` if it lists no extensions. */
  readonly takesBinary: boolean | undefined;
  /** The most items that it takes in one request; `undefined` if it does not say. */
  readonly maxBatch: number | undefined;
}

/** Metadata is short. */
const MOST_BYTES = 4 * 2 ** 20;
/** For all questions together: some gateways hold a request back until they have started a server for it. */
const MOST_MS = 30_000;

/**
 * Ask a server whether it is ready, and what its model is.
 * @param mostMs for all of that.
 * @throws ShardError "server-unreachable", "server-busy" if it or the model is not ready, "server-refused" if it wants other headers or has
 *         no such model, "server-failed" if it does not speak the protocol; "aborted"
 */
export async function contactServer(
  client: ServerClient,
  signal?: AbortSignal,
  mostMs = MOST_MS,
): Promise<ServerFacts> {
  const { modelUrl, serverUrl } = client.address;
  const limit = new TimeLimit(mostMs);
  const get = (url: string): Promise<ServerAnswer> => client.ask(url, { signal, limit, mostBytes: MOST_BYTES });
  // One after the other where the first shows that the rest would fail, and for as many errors on the console.
  requireReady(client, await get(`${serverUrl}/health/ready`), "the server");
  const [server, ready, metadata] = await Promise.all([get(serverUrl), get(`${modelUrl}/ready`), get(modelUrl)]);
  requireReady(client, ready, "the model");
  if (metadata.status !== 200) throw refusal(client, metadata, "the model's metadata");
  const stated = readServerModel(jsonOf(metadata));
  if (stated === undefined) {
    throw client.failure(
      "server-failed",
      "the model's metadata as JSON",
      `"${client.quote(metadata)}"`,
      "check that the address is that of a server of the Open Inference Protocol v2",
    );
  }
  const { name, version, extensions } = asJsonObject(server.status === 200 ? jsonOf(server) : {});
  const listed = Array.isArray(extensions) && extensions.length > 0 ? extensions.map(String) : undefined;
  const hasConfig = listed?.includes("model_configuration") === true;
  return {
    name: client.clean([name, version].filter((part) => typeof part === "string").join(" ")) || "a server",
    model: { ...stated, platform: client.clean(stated.platform) },
    takesBinary: listed?.includes("binary_tensor_data"),
    maxBatch: hasConfig ? maxBatchIn(await get(`${modelUrl}/config`)) : undefined,
  };
}

/** Of Triton: 0 if the model takes no batches of its own, which says nothing about axis 0. */
function maxBatchIn(answer: ServerAnswer): number | undefined {
  const { max_batch_size: size } = asJsonObject(answer.status === 200 ? jsonOf(answer) : {});
  return Number.isSafeInteger(size) && Number(size) >= 1 ? Number(size) : undefined;
}

function requireReady(client: ServerClient, answer: ServerAnswer, what: string): void {
  // Some servers and gateways have no such page.
  if (what === "the server" && answer.status === 404) return;
  const { ready } = asJsonObject(jsonOf(answer));
  if (answer.status >= 200 && answer.status < 300 && ready !== false) return;
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 400 && answer.status !== 429) {
    throw refusal(client, answer, `that ${what} is ready`);
  }
  throw client.failure(
    "server-busy",
    `that ${what} is ready`,
    said(client, answer),
    "wait until it has loaded the model, and see its log",
    { retryAfterMs: retryAfterMs(answer.headers.get("Retry-After"), Date.now()) },
  );
}

function refusal(client: ServerClient, answer: ServerAnswer, expected: string): Error {
  const advice =
    answer.status === 401 || answer.status === 403
      ? "pass the headers that it asks for: { headers: { Authorization: … } }"
      : answer.status === 404
        ? "check the model's name and version, and the path before /v2"
        : "see the server's log";
  return client.failure("server-refused", expected, said(client, answer), advice);
}

function said(client: ServerClient, answer: ServerAnswer): string {
  const quoted = client.quote(answer);
  return `${answer.status}${quoted === "" ? "" : ` ("${quoted}")`}`;
}

/** `undefined` if it is none. */
function jsonOf({ bytes }: ServerAnswer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
