import type { EnvoyRecord } from "../store/store.ts";

/** Why an envoy gets no tasks; `undefined` if it may. */
export function barredFromTasks(
  record: Pick<EnvoyRecord, "state" | "suspectedClone"> | undefined,
): string | undefined {
  if (record?.state !== "active") return "the envoy is revoked";
  return record.suspectedClone
    ? "two machines seem to use its identity, so that it gets no tasks"
    : undefined;
}
