/** What each panel shows and how it works, in words that need no knowledge of neural networks. One paragraph each. */
export const EXPLANATIONS = {
  picture: [
    "The picture is cut into tiles that overlap a little. Each worker takes some, runs the network on them, and puts the results together again, so that no seam is left.",
    "While the job runs, each tile has the colour of the worker that made it. The picture does not leave this machine, unless you add a server to the workers: then that server gets its share of the tiles.",
  ],
  workers: [
    "A worker is a program of its own beside the page. Each computes with one core of the processor (WASM, CPU) or with the graphics chip (WebGPU, WebGL).",
    "A fast worker gets a large share of the tiles, a slow one a small share, so that all finish at about the same time. Slow one down, and watch its share move to the others. Break one: its tiles are computed again elsewhere, and it is started anew.",
    "A server that you add is one more worker. Its share of the items is sent to it and to nobody else, as much as pays at the speed of the line, and its first results are compared with those computed here.",
  ],
  speed: [
    "The speed-up is measured on this machine, not promised: the same work is done by one worker alone and by plain TF.js, each in turn, and the times are compared.",
    "It can't exceed the number of cores by much, since the cores share one memory and become slower when all of them are busy.",
  ],
  timeline: [
    "Each row is a worker, and each box is one piece of work that it got, as wide as it took. Gaps are times in which it had nothing to do.",
    "Hatched or outlined boxes are work that failed, was cancelled, or was given to a second worker as well because the first one took too long; whichever is ready first counts.",
  ],
  throughput: [
    "How many pieces per second each worker completes, and all of them together. Marks show when work was divided anew, and when something broke and was mended.",
  ],
  totals: [
    "They count from the first piece of work to the last one: opening a picture and showing the result take time of their own. Efficiency is the part of that time for which the workers were computing; what is missing they spent waiting. Time saved is compared with one worker of the fastest kind working alone.",
  ],
  layers: [
    "A network is a row of layers, each of which works on what the one before it made. A model can be cut between layers, so that each worker holds one part and the pieces of work flow through all of them, as on an assembly line.",
    "The queues show where work waits. A stage that often waits for the one before it has a gap, called a bubble.",
    "Either each worker holds the whole model and takes a share of the work, or each holds some of its layers. The whole model in each worker is faster if there is enough memory.",
  ],
  events: [
    "Everything that happened, in words: what was started, divided anew, broken, repeated and finished. Choose above what kinds you want to read.",
  ],
  model: [
    "Your model is read in this browser and given to the workers. The model is sent nowhere, and what you run it on only to a server that you add. What it can't do is said before it starts.",
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Topic = keyof typeof EXPLANATIONS;
