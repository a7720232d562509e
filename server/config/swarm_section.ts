import { z } from "zod";
import { duration } from "./duration_setting.ts";
import { DEFAULT_MAX_BODY_BYTES, HARD_MAX_BODY_BYTES } from "../../shared/poolq/limits.ts";
import { MAX_GATE_PATTERNS, parseGateList } from "../../shared/targeting/gate_list.ts";

const HOUR_MS = 3_600_000;
const DEFAULT_MAX_TOPIC_BYTES = 1024 * 1024 * 1024;
const DEFAULT_PORT = 1531;
const DEFAULT_BANDWIDTH_PERCENT = 50;

/** `true`, `false` or a list of hostname patterns, the first match of which decides. */
const gateList = z.union([z.boolean(), z.array(z.string().max(256)).max(MAX_GATE_PATTERNS)], {
  error: 'expected true, false or a list of patterns such as ["*"]',
}).superRefine((value, context) => {
  try {
    parseGateList(value);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
  }
});

const subsystem = z.strictObject({
  enabled: gateList.default(false).describe("Gate: which envoys."),
}).default({ enabled: false });

const queues = z.strictObject({
  enabled: gateList.default(false).describe("Gate: which envoys."),
  max_msg_bytes: z.number().int().min(1).max(HARD_MAX_BODY_BYTES).default(DEFAULT_MAX_BODY_BYTES)
    .describe("Largest body of a message, in bytes of UTF-8."),
  retention: duration(HOUR_MS, 3650 * 24 * HOUR_MS, "1h to 3650d").prefault("30d")
    .describe("How long messages are kept after they came."),
  max_topic_bytes: z.number().int().min(1024 * 1024).max(2 ** 40).default(DEFAULT_MAX_TOPIC_BYTES)
    .describe("A topic that holds so much takes no more until older messages have aged out."),
}).prefault({});

/** The `swarm:` section of `server.yaml`; without the section nothing of the swarm runs anywhere. */
export const swarmSectionSchema = z.strictObject({
  enabled: gateList.default(false)
    .describe(
      "Gate: which envoys take part in the swarm; a part of it needs its own gate as well.",
    ),
  port: z.number().int().min(1).max(65535).default(DEFAULT_PORT)
    .describe("Port where envoys serve each other."),
  max_bandwidth_percent: z.number().int().min(1).max(100).default(DEFAULT_BANDWIDTH_PERCENT)
    .describe("Share of an interface's speed that downloads may take."),
  max_upload_mbps: z.number().positive().optional()
    .describe("Limit of uploads in Mbit/s. Default: none."),
  server_fallback: z.boolean().default(true)
    .describe("Whether content may come from the server when no peer has it."),
  seeders: gateList.default([])
    .describe("Gate: which envoys may originate seeds; the one of server.hostname always may."),
  payload: subsystem.describe("Files and filecasts."),
  puddle: subsystem.describe("Without effect in this version."),
  gitback: subsystem.describe("Without effect in this version."),
  longdrawer: subsystem.describe("Without effect in this version."),
  curator: subsystem.describe("Without effect in this version."),
  poolq: queues.describe("Queues: signed, ordered messages of people."),
});

export type SwarmSection = z.output<typeof swarmSectionSchema>;
