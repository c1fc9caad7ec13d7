// A real nginx in front of the servers. Its configuration is that of docs/servers.md, and what goes wrong without parts of it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureNginx } from "../../scripts/remote/nginx.mjs";
import { logFolder } from "./model-servers.js";
import { freePorts, startProcess, waitUntilReady } from "./processes.js";

/** What pages of other origins may do: all that the library needs; nothing; or all but read where the JSON of a binary answer ends. */
export type Cors = "allowed" | "missing" | "unexposed";

export interface Site {
  readonly upstreamPort: number;
  readonly cors: Cors;
  /** A folder with the page, for a gateway that serves both from one origin; `cors` is of no effect then. */
  readonly pageFolder?: string;
  /** Default: enough for any shard. nginx's own is 1m. */
  readonly largestBody?: string;
}

export interface Gateway {
  /** Of the sites, in their order; each ends without a "/". */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** Start nginx with a port for each site. */
export async function startGateway(sites: readonly Site[]): Promise<Gateway> {
  const nginx = await ensureNginx();
  const folder = mkdtempSync(join(tmpdir(), "gateway-"));
  mkdirSync(logFolder, { recursive: true });
  const log = join(logFolder, "nginx.txt");
  const [alivePort, ...ports] = (await freePorts(sites.length + 1)) as [number, ...number[]];
  const servers = sites.map(({ pageFolder, ...site }, index) =>
    pageFolder === undefined ? serverBlock(site, ports[index]!) : sameOriginBlock(site, pageFolder, ports[index]!),
  );
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, log, alivePort, servers));
  const gateway = startProcess(nginx, ["-p", folder, "-c", join(folder, "nginx.conf")], { log });
  await waitUntilReady(`http://127.0.0.1:${alivePort}/`, log, 10_000);
  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    async close() {
      await gateway.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, log: string, alivePort: number, servers: readonly string[]): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder};`);
  return `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${log} warn;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join("\n  ")}
  server { listen 127.0.0.1:${alivePort}; return 200; }
${servers.join("\n")}
}
`;
}

/** The configuration that docs/servers.md gives, at another port, without TLS, and with the faults that are asked for. */
function serverBlock({ upstreamPort, cors, largestBody = "64m" }: Omit<Site, "pageFolder">, port: number): string {
  const lines = /```nginx\n(map [^]*?)```/.exec(readFileSync("docs/servers.md", "utf8"))?.[1]?.split("\n") ?? [];
  const kept = lines.filter((line) => !(cors === "missing" && /add_header|OPTIONS/.test(line)));
  const replacements: [pattern: RegExp, replacement: string][] = [
    [/\$allowed_origin/g, `$allowed_origin_${port}`],
    [/"https:\/\/page\.example"/, '"~."'],
    [/listen 443 ssl;/, `listen 127.0.0.1:${port};`],
    [/client_max_body_size 64m;/, `client_max_body_size ${largestBody};`],
    [/http:\/\/127\.0\.0\.1:8000;/, `http://127.0.0.1:${upstreamPort};`],
    ...(cors === "unexposed"
      ? [[/Inference-Header-Content-Length, Retry-After/, "Retry-After"] as [RegExp, string]]
      : []),
  ];
  return replace(kept.join("\n"), replacements, cors !== "missing");
}

/** The locations that it gives for one origin, in a server. */
function sameOriginBlock({ upstreamPort, largestBody = "64m" }: Site, pageFolder: string, port: number): string {
  const locations = /```nginx\n( *location [^]*?)```/.exec(readFileSync("docs/servers.md", "utf8"))?.[1] ?? "";
  const replaced = replace(
    locations,
    [
      [/http:\/\/127\.0\.0\.1:8000;/, `http://127.0.0.1:${upstreamPort};`],
      [/root \/srv\/sharder;/, `root ${pageFolder};`],
    ],
    true,
  );
  return `server { listen 127.0.0.1:${port}; client_max_body_size ${largestBody};\n${replaced} }`;
}

/** @param isStrict whether each must be there. */
function replace(block: string, replacements: readonly [RegExp, string][], isStrict: boolean): string {
  return replacements.reduce((text, [pattern, replacement]) => {
    if (isStrict && !pattern.test(text)) throw new Error(`Expected ${pattern} in docs/servers.md.`);
    return text.replaceAll(new RegExp(pattern, "g"), () => replacement);
  }, block);
}
