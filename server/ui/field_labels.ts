/** What forms call the fields of the endpoints that they are sent to; a refusal names a field as its form does. */
const FIELD_LABELS: Readonly<Record<string, string>> = {
  action: "What",
  batchSize: "At once",
  command: "Command",
  current: "Current password",
  healthCheckUrl: "Health check between batches",
  host: "Envoy",
  kind: "What",
  maxFailures: "Stop after failures",
  message: "Message",
  name: "Name",
  nice: "Niceness",
  params: "Parameters",
  password: "New password",
  principal: "Who",
  reason: "Reason",
  remove: "Tag",
  role: "Role",
  set: "Tag",
  since: "Since",
  status: "Outcome",
  target: "Target",
  timeoutSecs: "Timeout in seconds",
  ttlMs: "Works for",
  value: "Id or key",
};

/** A field in the words of its form; in those of the endpoint where no form has it. */
export function describeField(name: string): string {
  const label = FIELD_LABELS[name];
  return label === undefined ? name : `“${label}”`;
}
