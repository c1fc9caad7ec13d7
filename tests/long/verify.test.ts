// Hundreds of seeded cases in which one worker is wrong by 1 % from some shard on.
import { it } from "vitest";
import { verifyCase, verifyLayersCase } from "../chaos/verify-cases.js";
import { forSeeds, timeBoxMs } from "./for-seeds.js";

const timeout = timeBoxMs + 60_000;

it("by batch", { timeout }, () => forSeeds("verify, batch", verifyCase));
it("by layers", { timeout }, () => forSeeds("verify, layers", verifyLayersCase));
