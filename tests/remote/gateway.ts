// A real nginx in front of the servers. Its configuration is what docs/servers.md recommends, and what it warns of.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  /** Where the page is, for a gateway that serves both from one origin. */
  readonly pageUrl?: string;
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
  const servers = sites.map((site, index) => serverBlock(site, ports[index]!));
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

function serverBlock({ upstreamPort, cors, pageUrl, largestBody = "64m" }: Site, port: number): string {
  const page = pageUrl === undefined ? "" : `location / { proxy_pass ${pageUrl}; }`;
  return `
  server {
    listen 127.0.0.1:${port};
    client_max_body_size ${largestBody};
    # Without a "/" at its end: nginx would send /v2 to /v2/, and KServe sends that back.
    location /v2 {
      ${corsBlock(cors)}
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_read_timeout 300s;
    }
    ${page}
  }`;
}

/** As in docs/servers.md. A 4xx or 5xx without these headers is a failure of CORS in a browser, hence "always". */
function corsBlock(cors: Cors): string {
  if (cors === "missing") return "";
  const exposed = cors === "unexposed" ? "Retry-After" : "Inference-Header-Content-Length, Retry-After";
  return `
      add_header Access-Control-Allow-Origin $http_origin always;
      add_header Access-Control-Allow-Methods "GET, POST" always;
      add_header Access-Control-Allow-Headers "Authorization, Content-Type, Inference-Header-Content-Length" always;
      add_header Access-Control-Expose-Headers "${exposed}" always;
      add_header Access-Control-Max-Age 86400 always;
      add_header Vary Origin always;
      if ($request_method = OPTIONS) { return 204; }`;
}
