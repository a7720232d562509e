import type { Json } from "../../shared/canonical/canonical_json.ts";

/** One privileged act, for the audit chain. No field may hold a secret. */
export interface AuditAct {
  /** The authenticated principal: `local-root`, `envoy:<uuid>`, `server`. */
  readonly principal: string;
  /** What was done, as `envoy.revoke`. */
  readonly action: string;
  readonly payload: { readonly [key: string]: Json };
}

/** Where privileged acts are recorded. It fails loudly: an act that cannot be recorded must not pass unnoticed. */
export interface AuditSink {
  record(act: AuditAct): Promise<void>;
}
