import { ShardError } from "../../../src/core/errors.js";
import { serverAddress } from "../../../src/model/remote/address.js";
import { contactServer, type ServerFacts } from "../../../src/model/remote/contact-server.js";
import { matchInterface } from "../../../src/model/remote/match-interface.js";
import { ServerClient } from "../../../src/model/remote/server-client.js";
import type { WorkerStart } from "../../../src/protocol/worker-api.js";
import type { Engine } from "../../runtime/engine.js";
import { CountedModels } from "../shared/counted-models.js";
import { remoteModel } from "./engine-model.js";
import { RequestSender } from "./request-sender.js";
import { RequestWindow } from "./request-window.js";

const MOST_IN_FLIGHT = 64;

/** What is known once the server has been asked. */
interface Contact {
  readonly client: ServerClient;
  readonly facts: ServerFacts;
  readonly sender: RequestSender;
  readonly config: WorkerStart;
}

/** A server that speaks the Open Inference Protocol v2 (REST), in an engine's place: it has the model, and computes. */
export function remoteEngine(): Engine {
  let contact: Contact | undefined;
  const models = new CountedModels();
  const stopping = new AbortController();

  const requireContact = (): Contact => {
    if (contact !== undefined) return contact;
    throw new ShardError("internal", "Expected a server to be asked before it gets work.");
  };

  return {
    async start(config) {
      const client = new ServerClient(serverAddress(config.url), config.headers);
      const facts = await contactServer(client, stopping.signal);
      const window = new RequestWindow(config.maxInFlight ?? MOST_IN_FLIGHT);
      contact = { client, facts, sender: new RequestSender(client, window, facts.takesBinary), config };
      const { name, model } = facts;
      const platform = model.platform === "" ? "" : ` (${model.platform})`;
      const device = `${name}${platform} at ${client.address.modelUrl.replace(/^https?:\/\//, "")}`;
      return { device, kernels: [], wantsPowersOfTwo: false, isSoftware: false };
    },

    async load(wire) {
      const { client, facts, sender, config } = requireContact();
      const bindings = matchInterface(wire, facts.model, config.names ?? {}, client);
      const mostItems = Math.min(config.maxBatch ?? Infinity, facts.maxBatch ?? Infinity);
      return models.add(remoteModel(bindings, sender, mostItems), 0);
    },

    memory: () => models.memory(0),
    isIntact: () => true,
    stop: () => stopping.abort(),
  };
}
