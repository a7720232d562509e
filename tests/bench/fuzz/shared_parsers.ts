import { Buffer } from "node:buffer";
import { Condition, ConditionError } from "../../../shared/conditions/condition.ts";
import { evaluateCondition } from "../../../shared/conditions/evaluate_condition.ts";
import { cronSchedule } from "../../../shared/config/resources/cron_schedule.ts";
import { compilePattern } from "../../../shared/config/resources/linear_pattern.ts";
import { readOpenPgpKeys } from "../../../shared/crypto/openpgp_key.ts";
import { judgeCommand } from "../../../shared/guardrails/judge_command.ts";
import {
  AgentMessage,
  CheckInRequest,
  CheckInResponse,
  Refusal,
  RenewCertificateRequest,
  ReportResultRequest,
  ResolveSecretsRequest,
  ResolveSecretsResponse,
  ServerMessage,
  SignedRequest,
} from "../../../shared/proto/agent.ts";
import { encodeAnnouncements, parseAnnouncement } from "../../../shared/swarm/announce_line.ts";
import { parseGateList } from "../../../shared/targeting/gate_list.ts";
import { parseGlob } from "../../../shared/targeting/glob.ts";
import { parseHostnameGlob } from "../../../shared/targeting/hostname_glob.ts";
import { parseTargetSpec } from "../../../shared/targeting/target_spec.ts";
import { TargetSpecError } from "../../../shared/targeting/target_spec_error.ts";
import { parseBatchSize, TaskAmountError } from "../../../shared/tasks/task_amount.ts";
import { Template, TemplateError } from "../../../shared/templates/template.ts";
import { createTemplateEngine } from "../../../shared/templates/template_engine.ts";
import { DurationError, parseDuration } from "../../../shared/terminal/duration.ts";
import { PACKAGE_KEY } from "../../support/package_key.ts";
import type { FuzzedParser } from "./fuzz_parser.ts";

const TRAITS = { os: { family: "debian", distro: "ubuntu" }, memory: { total_mb: 4096 } };
const SUBJECT = {
  hostname: "web-1",
  uuid: "6f1c2a4e-0000-4000-8000-000000000000",
  traits: TRAITS,
  tags: { tier: "gold" },
};
const ENGINE = createTemplateEngine();

/** Messages that arrive over gRPC before anything is known of who sent them, or that a signature covers. */
const MESSAGES = {
  SignedRequest,
  CheckInRequest,
  CheckInResponse,
  ReportResultRequest,
  ResolveSecretsRequest,
  ResolveSecretsResponse,
  RenewCertificateRequest,
  AgentMessage,
  ServerMessage,
  Refusal,
};

const CHECK_IN = CheckInRequest.encode(CheckInRequest.fromPartial({
  agentVersion: "0.1.0",
  observedHostname: "web-1",
  intervalMs: 60_000,
  volatileTraits: Buffer.from('{"loadavg":{"one":0.5}}'),
  heartbeat: { changed: 1, serial: 7 },
})).finish();
const SIGNED = SignedRequest.encode(SignedRequest.fromPartial({ body: Buffer.from(CHECK_IN) }))
  .finish();
const ANSWER = CheckInResponse.encode(CheckInResponse.fromPartial({
  intervalMs: 60_000,
  bundle: { payload: Buffer.alloc(20), signature: Buffer.alloc(64) },
})).finish();

/** Parsers of `shared/`. */
export const SHARED_PARSERS: readonly FuzzedParser[] = [
  {
    name: "target spec",
    file: "shared/targeting/target_spec.ts",
    input: "text",
    samples: [
      "web-*,os.distro=debian",
      "web-* & memory.total_mb>4000,-tag:tier=gold",
      'os.family~*bian & os.distro="a b",db-?',
    ],
    refusals: [TargetSpecError],
    parse: (text) => parseTargetSpec(text).matches(SUBJECT),
  },
  {
    name: "gate list",
    file: "shared/targeting/gate_list.ts",
    input: "text",
    samples: ["*", "web-*\n!web-9", "!*\nsite-[0-9]*.example.com"],
    refusals: [SyntaxError],
    parse: (text) => parseGateList(text.split("\n")).allows("web-1.example.com"),
  },
  {
    name: "glob",
    file: "shared/targeting/glob.ts",
    input: "text",
    samples: ["web-*", "[a-z]?b[!x]*", "*a*a*a*a*b"],
    refusals: [SyntaxError],
    parse: (text) => parseGlob(text).matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"),
  },
  {
    name: "hostname glob",
    file: "shared/targeting/hostname_glob.ts",
    input: "text",
    samples: ["web-*", "*.example.com", "db-[0-9].site"],
    refusals: [SyntaxError],
    parse: (text) => parseHostnameGlob(text),
  },
  {
    name: "condition (CEL)",
    file: "shared/conditions/condition.ts",
    input: "text",
    samples: [
      'traits.os.family == "debian" && traits.memory.total_mb >= 4096',
      "os_family('rhel') || !is_container() ? vars.n in [1, 2, 3] : has(vars.port)",
      'vars.roles.exists(role, role.startsWith("web")) && traits.os.distro.matches("^u.*u$")',
      '{"a": 1}["a"] + size("abc") * -3 > 2.5e3',
    ],
    refusals: [ConditionError],
    parse: (text) =>
      evaluateCondition(Condition.parse(text), { vars: { roles: ["web"], n: 2 } }, {
        traits: TRAITS,
        missingTraits: "absent",
        failedCollectors: [],
        changed: false,
        portListening: () => false,
      }),
  },
  {
    name: "template (Liquid)",
    file: "shared/templates/template.ts",
    input: "text",
    samples: [
      "listen {{ vars.port | plus: 1 }}; # {{ traits.os.distro | upcase }}",
      "{% for role in vars.roles %}{{ forloop.index }} {{ role }}\n{% endfor %}",
      "{% if env == 'p' %}a{% elsif vars.port > 80 %}b{% else %}c{% endif %}{{ vars.roles[0] }}",
      "{% assign x = vars.roles | join: ', ' %}{{ x | replace: 'w', '}}' }}",
    ],
    refusals: [TemplateError],
    parse: (text) =>
      new Template(text, ENGINE).render({
        vars: { port: 80, roles: ["web", "db"] },
        traits: TRAITS,
        env: "p",
      }),
  },
  {
    name: "guardrail of shell commands",
    file: "shared/guardrails/judge_command.ts",
    input: "text",
    samples: [
      "sudo -u root systemctl stop vigo-envoy && rm -rf /var/lib/vigo",
      "cat <<EOF >/etc/motd\n$(pkill -f vigo)\nEOF\nfor f in a b; do echo ${f:-x}; done",
      "find / -name 'x y' -exec rm {} \\; | xargs -0 kill; sh -c \"rm -r '/srv/vigo'\"",
    ],
    refusals: [],
    parse: (text) => judgeCommand(text),
  },
  {
    name: "pattern (RE2)",
    file: "shared/config/resources/linear_pattern.ts",
    input: "text",
    samples: ["^#?PermitRootLogin\\s+", "(a+)+$|[^\\x00-\\x7f]{2,5}", "(?i)port=(?P<n>\\d+)"],
    refusals: [],
    parse: (text) => {
      const compiled = compilePattern(text);
      return compiled.ok && compiled.test("PermitRootLogin yes\nport=22 aaaaaaaaaaaaaaaaaaaaaaa!");
    },
  },
  {
    name: "cron schedule",
    file: "shared/config/resources/cron_schedule.ts",
    input: "text",
    samples: ["*/5 0-6 1,15 * mon-fri", "@daily", "0 0 * jan 0"],
    refusals: [],
    parse: (text) => cronSchedule.safeParse(text),
  },
  {
    name: "duration",
    file: "shared/terminal/duration.ts",
    input: "text",
    samples: ["1h30m", "10s", "2d", "500ms"],
    refusals: [DurationError],
    parse: (text) => parseDuration(text),
  },
  {
    name: "size of batches",
    file: "shared/tasks/task_amount.ts",
    input: "text",
    samples: ["1,5,10%", "25%", "100"],
    refusals: [TaskAmountError],
    parse: (text) => parseBatchSize(text),
  },
  {
    name: "announcement of a peer",
    file: "shared/swarm/announce_line.ts",
    input: "bytes",
    samples: encodeAnnouncements({
      instance: "0123456789abcdef",
      lines: [
        { kind: "addr", address: "10.0.0.7", port: 1531 },
      ],
    }, 8),
    refusals: [],
    parse: (bytes) => parseAnnouncement(bytes),
  },
  {
    name: "OpenPGP key",
    file: "shared/crypto/openpgp_key.ts",
    input: "bytes",
    samples: [
      new TextEncoder().encode(PACKAGE_KEY),
      Uint8Array.fromBase64(PACKAGE_KEY.split("\n\n")[1]?.split("\n=")[0] ?? ""),
    ],
    refusals: [],
    parse: (bytes) => readOpenPgpKeys(bytes),
  },
  {
    name: "protobuf messages",
    file: "shared/proto/agent.ts",
    input: "bytes",
    samples: [CHECK_IN, SIGNED, ANSWER],
    refusals: [],
    parse: (bytes) => {
      for (const message of Object.values(MESSAGES)) refuseQuietly(() => message.decode(bytes));
    },
  },
];

/** What reads protobuf has no error of its own: it throws plain ones, and RangeError for what ends too soon. */
function refuseQuietly(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    const isRefusal = error instanceof Error && ["Error", "RangeError"].includes(error.name) &&
      !/call stack/i.test(error.message);
    if (!isRefusal) throw error;
  }
}
