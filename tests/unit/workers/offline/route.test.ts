import { expect, it } from "vitest";
import { pathInScope, routeOf, type OfflineBuild, type RouteRequest } from "../../../../workers/offline/route.js";

const SCOPE = "https://host.test/demo/";
const BUILD: OfflineBuild = {
  version: "1",
  entry: "assets/index-1.js",
  first: ["assets/index-1.js", "icon.svg"],
  onUse: ["assets/webgl-1.js", "models/net/model.json"],
};

const route = (path: string, more: Partial<RouteRequest> = {}) =>
  routeOf(
    { method: "GET", mode: "cors", headers: new Headers(), url: new URL(path, SCOPE).href, ...more },
    SCOPE,
    BUILD,
  );

it("answers files of its build: by their content's name from the copy, others from the network first", () => {
  expect(route("assets/index-1.js")).toBe("hashed");
  expect(route("assets/webgl-1.js?x=1#y")).toBe("hashed");
  expect(route("icon.svg")).toBe("plain");
  expect(route("models/net/model.json?v=2")).toBe("plain");
});

it("answers the page whatever its query, and no other page", () => {
  for (const path of ["./", "?workers=wasm", "index.html#tab"]) expect(route(path, { mode: "navigate" })).toBe("page");
  for (const path of ["README.html", "docs/"]) expect(route(path, { mode: "navigate" })).toBe("network");
});

it.each([
  ["another origin", "https://other.test/demo/icon.svg", {}],
  ["a neighbour of its folder", "../icon.svg", {}],
  ["a folder whose name begins like its own", "../demonstration/icon.svg", {}],
  ["a file of another build", "assets/index-2.js", {}],
  ["a part of a file", "icon.svg", { headers: new Headers({ range: "bytes=5-" }) }],
  ["something sent", "icon.svg", { method: "POST" }],
] as const)("leaves %s to the network", (_, path, more) => {
  expect(route(path, more)).toBe("network");
});

it("finds the path below the scope", () => {
  expect(pathInScope("https://host.test/demo/assets/a.js?b", SCOPE)).toBe("assets/a.js");
  expect(pathInScope("https://host.test/demo", SCOPE)).toBeUndefined();
  expect(pathInScope("http://host.test/demo/a", SCOPE)).toBeUndefined();
});
