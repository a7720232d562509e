import { z } from "zod";
import { MAX_GATE_PATTERNS, parseGateList } from "../../shared/targeting/gate_list.ts";

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

const subsystem = z.strictObject({ enabled: gateList.default(false) }).default({ enabled: false });

/** The `swarm:` section of `server.yaml`; without the section nothing of the swarm runs anywhere. */
export const swarmSectionSchema = z.strictObject({
  /** Which envoys run the substrate; a subsystem needs its own gate as well. */
  enabled: gateList.default(false),
  /** Port of the peer server on every envoy. */
  port: z.number().int().min(1).max(65535).default(DEFAULT_PORT),
  /** Share of an interface's speed that downloads may take. */
  max_bandwidth_percent: z.number().int().min(1).max(100).default(DEFAULT_BANDWIDTH_PERCENT),
  /** Limit of uploads in Mbit/s; absent is none. */
  max_upload_mbps: z.number().positive().optional(),
  /** Whether content may come from the server when no peer has it. */
  server_fallback: z.boolean().default(true),
  /** Which envoys may originate seeds; `server.hostname` always may. */
  seeders: gateList.default([]),
  payload: subsystem,
  puddle: subsystem,
  gitback: subsystem,
  longdrawer: subsystem,
  curator: subsystem,
  poolq: subsystem,
});

export type SwarmSection = z.output<typeof swarmSectionSchema>;
