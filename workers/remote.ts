import { remoteEngine } from "./engines/remote/engine.js";
import { serve } from "./runtime/serve.js";

serve(remoteEngine());
