import type { z } from "zod";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import {
  openDocument,
  type Opened,
  type SignedBytes,
} from "../../shared/canonical/signed_document.ts";
import {
  type TaskCancel,
  taskCancelSchema,
  type TaskDispatch,
  taskDispatchSchema,
} from "../../shared/tasks/task_orders.ts";

/** Judges a dispatch: signed by this envoy's server, and for this envoy. When it is valid is for who knows what was done. */
export function acceptDispatch(
  signed: SignedBytes,
  verifier: Verifier,
  envoyUuid: string,
): Opened<TaskDispatch> {
  return accept("taskDispatch", signed, verifier, envoyUuid, taskDispatchSchema);
}

/** Judges a cancel in the same way. */
export function acceptCancel(
  signed: SignedBytes,
  verifier: Verifier,
  envoyUuid: string,
): Opened<TaskCancel> {
  return accept("taskCancel", signed, verifier, envoyUuid, taskCancelSchema);
}

function accept<Order extends { readonly envoyUuid: string }>(
  kind: "taskDispatch" | "taskCancel",
  signed: SignedBytes,
  verifier: Verifier,
  envoyUuid: string,
  schema: z.ZodType<Order>,
): Opened<Order> {
  const opened = openDocument(kind, signed, verifier, schema);
  return opened.ok && opened.value.envoyUuid !== envoyUuid
    ? { ok: false, reason: `it is for envoy ${opened.value.envoyUuid}, this is ${envoyUuid}` }
    : opened;
}
