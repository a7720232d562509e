/** What forms call the fields of the endpoints that they are sent to; a refusal names a field as its form does. */
const FIELD_LABELS: Readonly<Record<string, string>> = {
  action: "What",
  batchSize: "At once",
  command: "Command",
  confirm: "To confirm",
  current: "Current password",
  force: "Send the whole policy again",
  from: "From version",
  healthCheckUrl: "Health check between batches",
  host: "Envoy",
  id: "Id",
  kind: "What",
  maxFailures: "Stop after failures",
  message: "Message",
  name: "Name",
  nice: "Niceness",
  params: "Parameters",
  password: "New password",
  principal: "Who",
  puddle: "Identity",
  reason: "Reason",
  remove: "Tag",
  role: "Role",
  set: "Tag",
  since: "Since",
  status: "Outcome",
  tag: "Tag",
  target: "Target",
  task: "Named task",
  timeoutSecs: "Timeout in seconds",
  to: "To version",
  ttl: "Works for",
  ttlMs: "Works for",
  undo: "Let it have it again",
  value: "Id or key",
};

/** What the form calls a field; its own name where no form has it. */
export function labelOf(name: string): string {
  return FIELD_LABELS[name] ?? name;
}

/** A field in the words of its form; in those of the endpoint where no form has it. */
export function describeField(name: string): string {
  const label = FIELD_LABELS[name];
  return label === undefined ? name : `“${label}”`;
}
