// The models of the suite `peers`: where tests/bench/peers/make/make.py leaves them, and which of them are there.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folders that make.py writes, in the order of the report. */
const peerModelNames = ["mobilenet-v1", "mobilenet-v2", "resnet50", "upscaler", "transformer", "lstm", "gru", "mlp"];

/** Outside the repository: the files take some hundred megabytes. */
export function peerModelsFolder() {
  return process.env["SHARDER_PEER_MODELS"] || join(homedir(), ".cache", "inference-sharder", "peers");
}

/**
 * @param {string} folder
 * @param {readonly string[]} only parts of names; empty means all
 * @returns {{ present: string[], missing: string[] }} names, in the order of the report
 */
export function findPeerModels(folder, only) {
  const wanted = peerModelNames.filter((name) => only.length === 0 || only.some((part) => name.includes(part)));
  const isPresent = (/** @type {string} */ name) => existsSync(join(folder, name, "peer.json"));
  return { present: wanted.filter(isPresent), missing: wanted.filter((name) => !isPresent(name)) };
}

/** What to do about missing models. @param {string} folder @param {readonly string[]} missing */
export function howToMake(folder, missing) {
  return [
    `Missing in ${folder}: ${missing.join(", ")}. They are made by TensorFlow and its converters, once, in some minutes each:`,
    "  python3.11 -m venv /tmp/peers-venv",
    "  /tmp/peers-venv/bin/pip install -r tests/bench/peers/make/requirements.txt",
    "  /tmp/peers-venv/bin/pip install --no-deps -r tests/bench/peers/make/requirements-converters.txt",
    `  /tmp/peers-venv/bin/python tests/bench/peers/make/make.py "${folder}" --only ${missing.join(",")}`,
  ].join("\n");
}
