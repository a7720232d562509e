import { ApiError } from "../../../server/api/api_error.ts";
import { parseInput, readQuery } from "../../../server/api/parse_input.ts";
import { EnvoyTraits } from "../../../server/fleet/envoy_traits.ts";
import { readServerConfig } from "../../../server/config/read_server_config.ts";
import { checkStacks } from "../../../server/resolve/check_stacks.ts";
import { compileHost } from "../../../server/resolve/compile_host.ts";
import { parseVgo } from "../../../server/stacks/parse_vgo.ts";
import { ProblemList } from "../../../server/stacks/problem_list.ts";
import { readRunCursor, writeRunCursor } from "../../../server/store/run_cursor.ts";
import { CursorError } from "../../../server/store/store_error.ts";
import { runReportSchema } from "../../../shared/config/run_report.ts";
import { CONTRACT } from "../../../shared/rest/contract.ts";
import type { FuzzedParser } from "./fuzz_parser.ts";

const encoder = new TextEncoder();

const CRATE = `name: site
vars: {port: 80, key: secret:web/key}
defaults: {file: {mode: "0600"}}
when: os_family("debian") && vars.port > 0
foreach: [a, b]
resources:
  - file: "/etc/{{ item }}.conf"
    content: |
      listen {{ vars.port }} on {{ traits.os.distro }}
    owner: root
    notify: service:nginx
  - package: nginx
    version: "1.24"
  - service: nginx
    ensure: running
    depends_on: [package:nginx]
  - exec: reload
    command: [/usr/sbin/nginx, -t]
    when: changed
    unless: test -e /x
`;

const ENTRY = `match: "web-*"
environment: production
configcrates: [site]
vars: {port: 8080}
`;

/** Parsers of `server/`. */
export const SERVER_PARSERS: readonly FuzzedParser[] = [
  {
    name: ".vgo (YAML)",
    file: "server/stacks/parse_vgo.ts",
    input: "text",
    samples: [CRATE, ENTRY, "a: &x [1, 0x2, .inf, ~]\nb: *x\n<<: {c: !!str 1}\n? d\n: >-\n  e\n"],
    refusals: [],
    parse: (text) => parseVgo("a.vgo", text, new ProblemList()),
  },
  {
    name: "stacks, compiled for a host",
    file: "server/stacks/load_stacks.ts",
    input: "text",
    samples: [CRATE],
    refusals: [],
    parse: (text) => {
      const checked = checkStacks([
        { path: "envoys.vgo", bytes: encoder.encode(ENTRY) },
        { path: "configcrates/site.vgo", bytes: encoder.encode(text) },
      ]);
      const traits = { os: { family: "debian", distro: "debian" } };
      return checked.ok && compileHost(checked.tree, { hostname: "web-1", traits });
    },
  },
  {
    name: "entries of stacks",
    file: "server/stacks/load_stacks.ts",
    input: "text",
    samples: [ENTRY, `envoys:\n  - match: db-?\n    roles: [db]\n  - match: "*"\n`],
    refusals: [],
    parse: (text) =>
      checkStacks([
        { path: "envoys.vgo", bytes: encoder.encode(text) },
        { path: "configcrates/site.vgo", bytes: encoder.encode("name: site\nresources: []\n") },
      ]),
  },
  {
    name: "server.yaml",
    file: "server/config/read_server_config.ts",
    input: "text",
    samples: [
      "server:\n  hostname: vigo.example.com\n  tls_sans: [10.0.0.1]\nswarm:\n  enabled: ['*']\n",
      "checkin: {interval: 60s}\ndatabase:\n  retention: 30d\nserver: {hostname: secret:a/b}\n",
    ],
    refusals: [],
    parse: (text) => readServerConfig(text, "server.yaml"),
  },
  {
    name: "bodies of REST",
    file: "server/api/parse_input.ts",
    input: "text",
    samples: [
      '{"path":"db/password","value":"x"}',
      '{"message":"m","operator":"o","allowRefused":false,"reviewed":{"from":null,"to":"ab"}}',
      '{"set":{"tier":"gold"},"remove":["a"]}',
      '{"target":"web-*","force":true,"untilMs":1800000000000,"reason":"r"}',
    ],
    refusals: [ApiError],
    parse: (text) => {
      const body = parseJson(text);
      for (const endpoint of Object.values(CONTRACT)) {
        ignoreRefusal(() => parseInput("body", endpoint.body, body));
      }
    },
  },
  {
    name: "queries of REST",
    file: "server/api/parse_input.ts",
    input: "text",
    samples: ["host=web-1&limit=20&status=failed,changed", "target=os.distro%3Ddebian&cursor=1.a"],
    refusals: [ApiError],
    parse: (text) => {
      for (const { query } of Object.values(CONTRACT)) {
        ignoreRefusal(() =>
          parseInput("query", query, readQuery(query, new URLSearchParams(text)))
        );
      }
    },
  },
  {
    name: "cursor",
    file: "server/store/run_cursor.ts",
    input: "text",
    samples: [writeRunCursor({ startedAtMs: 1, runId: "6f1c2a4e-0000-4000-8000-000000000000" })],
    refusals: [CursorError],
    parse: (text) => readRunCursor(text),
  },
  {
    name: "traits of an envoy",
    file: "server/fleet/envoy_traits.ts",
    input: "bytes",
    samples: [
      '{"loadavg":{"one":0.5},"processes":{"top":[{"pid":1,"name":"init"}]}}',
      '{"os":{"family":"debian"},"memory":null}',
    ].map((text) => encoder.encode(text)),
    // What is no UTF-8 is told by the decoder.
    refusals: [RangeError, SyntaxError, TypeError],
    parse: (bytes) => {
      const traits = new EnvoyTraits('{"os":{"type":"linux"}}', "{}");
      traits.mergeVolatile(bytes);
      return traits.merged();
    },
  },
  {
    name: "run report",
    file: "shared/config/run_report.ts",
    input: "text",
    samples: [JSON.stringify({
      schema: 1,
      runId: "6f1c2a4e-0000-4000-8000-000000000000",
      policyVersion: "v",
      root: "ab",
      startedAtMs: 1,
      durationMs: 1,
      trigger: "interval",
      dryRun: false,
      counts: { updated: 1 },
      resources: [{ id: "file:/a", crate: "c", outcome: "updated", durationMs: 1, diff: "+x" }],
      truncated: false,
    })],
    refusals: [],
    parse: (text) => runReportSchema.safeParse(parseJson(text)),
  },
];

/** What is no JSON stands for itself: the schemas have to refuse it too. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function ignoreRefusal(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
