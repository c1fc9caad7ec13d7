import { describe, expect, it } from "vitest";
import { controlStyles } from "../../../src/ui/element-controls.js";
import { hostOrigin } from "../../../src/ui/embed/frame-host.js";
import { readHostMessage } from "../../../src/ui/embed/frame-protocol.js";

describe("the origin that may control a frame", () => {
  const own = "https://sharder.example";
  const named = (origin: string, from = own) => hostOrigin(new URLSearchParams({ origin }), from);

  it("is the page's own, unless the address names another", () => {
    expect(hostOrigin(new URLSearchParams(), own)).toBe(own);
    expect(named("https://host.example")).toBe("https://host.example");
    expect(named("https://host.example/")).toBe("https://host.example");
    expect(named("http://localhost:8080")).toBe("http://localhost:8080");
  });

  it("is none where no single origin is named", () => {
    for (const origin of [
      "*",
      "null",
      "",
      "host.example",
      "https://host.example/page",
      "https://a.example https://b.example",
      "data:,x",
      "file:///",
    ]) {
      expect(named(origin), origin).toBeUndefined();
    }
    // A sandboxed frame has none of its own either.
    expect(hostOrigin(new URLSearchParams(), "null")).toBeUndefined();
  });
});

describe("messages from an embedding page", () => {
  it("are read if they are commands", () => {
    expect(readHostMessage({ inferenceSharder: 1, command: "pause", id: 7, more: 1 })).toEqual({
      inferenceSharder: 1,
      command: "pause",
      id: 7,
    });
    const picture = new Blob(["x"]);
    expect(readHostMessage({ inferenceSharder: 1, command: "run", picture })).toEqual({
      inferenceSharder: 1,
      command: "run",
      picture,
    });
  });

  it("are ignored if they are somebody else's", () => {
    for (const data of [undefined, null, "run", 1, [], {}, { command: "run" }, { type: "webpackOk" }]) {
      expect(readHostMessage(data)).toBeUndefined();
    }
  });

  it("are refused with the reason if they are wrong", () => {
    const refusal = (message: object) => {
      const read = readHostMessage(message);
      return read !== undefined && "refusal" in read ? read : undefined;
    };
    expect(refusal({ inferenceSharder: 2, command: "run", id: "a" })).toEqual({
      id: "a",
      refusal: "Expected version 1 of the messages, received 2: send inferenceSharder: 1.",
    });
    expect(refusal({ inferenceSharder: 1, command: "stop" })?.refusal).toBe(
      'Expected a command of run, pause, resume, cancel, status, received "stop": send one of these.',
    );
    // Without a text of their own.
    for (const command of [1n, Symbol("run"), { command: "run" }, undefined]) {
      expect(refusal({ inferenceSharder: 1, command })?.refusal).toMatch(/received something of type/);
    }
    expect(refusal({ inferenceSharder: 1, command: "run", picture: "https://x.example/a.png" })?.refusal).toMatch(
      /Blob/,
    );
  });
});

it("shows the named controls, and takes nothing else into the style sheet", () => {
  expect(controlStyles(null)).toBe("");
  expect(controlStyles("none x{} *{color:red}")).toBe(controlStyles("none"));
  expect(controlStyles("")).toContain("[data-control] { display: none");
  expect(controlStyles("workers  log")).toContain(':not([data-control="workers"], [data-control="log"])');
});
