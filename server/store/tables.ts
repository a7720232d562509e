import type { PersonRole } from "../../shared/rest/roles.ts";

/**
 * The columns as the database has them. Times are ms since 1970; flags are 0 or 1 and structures are JSON text, which
 * every SQL database has alike.
 */
export interface Tables {
  envoys: {
    uuid: string;
    hostname: string;
    signing_key: string;
    state: "active" | "revoked";
    enrolled_at_ms: number;
    revoked_at_ms: number | null;
    tags: string;
    tag_revision: number;
    suspected_clone: number;
    previous_hostname: string | null;
    removed_at_ms: number | null;
  };
  envoy_observations: {
    uuid: string;
    last_seen_ms: number;
    interval_ms: number;
    observed_hostname: string;
    lan_address: string;
    swarm_address: string;
    agent_version: string;
    policy_version: string;
    fingerprint: string;
    paused_reason: string;
    paused_until_ms: number;
    volatile_traits: string;
    clone_counter: number;
    convergence: "Converged" | "Degraded" | "Failed" | "NoData";
    bundle_serial: number;
    envoy_serial: number;
    run_serial: number;
    run_root: string;
    run_finished_at_ms: number;
    change_streak: number;
  };
  envoy_stable_traits: { uuid: string; traits: string };
  certificates: {
    fingerprint: string;
    envoy_uuid: string;
    not_after_ms: number;
    revoked_at_ms: number | null;
  };
  enroll_tokens: {
    hash: string;
    created_at_ms: number;
    expires_at_ms: number;
    uses: number;
    uses_left: number;
    hostname: string | null;
    replace_envoy: number;
    created_by: string;
    revoked_at_ms: number | null;
  };
  enroll_answers: {
    token_hash: string;
    request_hash: string;
    envoy_uuid: string;
    certificate_pem: string;
    expires_at_ms: number;
  };
  runs: {
    run_id: string;
    envoy_uuid: string;
    started_at_ms: number;
    outcome: string;
    root: string;
    received_at_ms: number;
    summary: string;
    report: string;
  };
  /** `resources` is JSON, compressed with gzip. */
  bundles: { root: string; policy_version: string; used_at_ms: number; resources: Uint8Array };
  minutes: {
    minute_ms: number;
    check_ins: number;
    runs: number;
    online: number;
    converged: number;
    degraded: number;
    failed: number;
    no_data: number;
    origin_bytes: number;
    peer_bytes: number;
    server_bytes: number;
  };
  audit_records: {
    seq: number;
    at_ms: number;
    principal: string;
    action: string;
    payload: string;
    prev_hash: string;
    hash: string;
  };
  audit_heads: { seq: number; payload: string; signature: string };
  facts: { name: string; value: string };
  config_versions: {
    seq: number;
    version: string;
    published_at_ms: number;
    published_by: string;
    message: string;
    is_live: number;
    rollback_of: string | null;
  };
  manifest_entries: { sha256: string; author: string; stamp: number; entry: string };
  users: {
    name: string;
    role: PersonRole;
    password: string;
    created_at_ms: number;
    created_by: string;
    password_at_ms: number;
    last_login_ms: number | null;
    disabled_at_ms: number | null;
  };
  api_tokens: {
    hash: string;
    name: string;
    role: PersonRole;
    owner: string | null;
    created_at_ms: number;
    created_by: string;
    expires_at_ms: number;
    last_used_ms: number | null;
    revoked_at_ms: number | null;
  };
  sessions: { hash: string; user_name: string; created_at_ms: number; active_at_ms: number };
  login_failures: { subject: string; failures: number; failed_at_ms: number };
  tasks: {
    id: string;
    created_at_ms: number;
    finished_at_ms: number | null;
    status: string;
    output_bytes: number;
    record: string;
    progress: string;
  };
  /** `output` is both streams in protobuf, compressed with gzip. */
  task_targets: {
    task_id: string;
    position: number;
    envoy_uuid: string;
    hostname: string;
    batch: number | null;
    verdict: string | null;
    exit_code: number | null;
    duration_ms: number | null;
    reason: string | null;
    output: Uint8Array | null;
  };
  workflows: {
    id: string;
    created_at_ms: number;
    finished_at_ms: number | null;
    status: string;
    record: string;
    progress: string;
  };
  /** `delegations`, `equivocation` and `appointment` are JSON. */
  poolq_topics: {
    topic_id: string;
    name: string;
    founder: string;
    writer: string;
    user_name: string;
    first_seq: number;
    head_seq: number;
    head_id: string;
    head_posted_at_ms: number;
    received_at_ms: number;
    size_bytes: number;
    delegations: string;
    equivocation: string | null;
    appointment: string | null;
  };
  /** `size_bytes` is that of `message`, which is JSON. */
  poolq_messages: {
    topic_id: string;
    seq: number;
    msg_id: string;
    posted_at_ms: number;
    received_at_ms: number;
    size_bytes: number;
    message: string;
  };
  schema_migrations: { number: number; name: string; applied_at_ms: number };
}
