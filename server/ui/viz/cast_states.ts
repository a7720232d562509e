import type { FilecastHost } from "../../../shared/rest/swarm.ts";
import type { StatusKind } from "../components/status.tsx";

/** How an envoy stands to a filecast, from what needs a look to what is done. */
export const CAST_STATUSES = [
  "skipped",
  "downloading",
  "pending",
  "revoking",
  "complete",
  "revoked",
] as const satisfies readonly FilecastHost["status"][];

/** How bad each of them is. */
export const CAST_KINDS: Readonly<Record<FilecastHost["status"], StatusKind>> = {
  skipped: "warn",
  downloading: "busy",
  pending: "none",
  revoking: "busy",
  complete: "ok",
  revoked: "none",
};
