/**
 * Who a request comes from, as far as it proved it. A source address grants nothing.
 *
 * `local_root` holds the token that vigosrv minted at its start, readable by root alone; `envoy` offered a certificate of
 * this fleet; everybody else is `anonymous`.
 */
export type Principal =
  | { readonly kind: "local_root"; readonly name: "local-root" }
  | { readonly kind: "envoy"; readonly name: string; readonly envoyUuid: string }
  | { readonly kind: "anonymous"; readonly name: "anonymous" };

export const LOCAL_ROOT: Principal = { kind: "local_root", name: "local-root" };
export const ANONYMOUS: Principal = { kind: "anonymous", name: "anonymous" };

/** The principal of an envoy; its name in the audit log is `envoy:<uuid>`. */
export function envoyPrincipal(envoyUuid: string): Principal {
  return { kind: "envoy", name: `envoy:${envoyUuid}`, envoyUuid };
}
