import { type SwarmSection, swarmSectionSchema } from "../config/swarm_section.ts";

/** What `swarm.poolq` of `server.yaml` says of queues. */
export interface QueueSettings {
  /** Largest body, in bytes of UTF-8. */
  readonly maxMsgBytes: number;
  /** How long messages are kept after they came, in ms. */
  readonly retentionMs: number;
  /** Most bytes kept of one topic. */
  readonly maxTopicBytes: number;
}

/** Settings of a `swarm:` section; without one, what the section has by default. */
export function queueSettings(section: SwarmSection | undefined): QueueSettings {
  const { poolq } = section ?? swarmSectionSchema.parse({});
  return {
    maxMsgBytes: poolq.max_msg_bytes,
    retentionMs: poolq.retention,
    maxTopicBytes: poolq.max_topic_bytes,
  };
}
