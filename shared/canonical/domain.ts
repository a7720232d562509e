/**
 * Every purpose for which Vigo signs or hashes a frame. A tag is never reused or changed: a new layout gets a new one.
 * The fields of each are given in docs/protocol.md and in shared/canonical/vectors/.
 */
export const DOMAIN = {
  /** envoy UUID, method, timestamp in ms, nonce, SHA-256 of the body. Signed by an envoy. */
  request: "vigo.request.v1",
  /** token hash, SHA-256 of the CSR. Signed by the ed25519 key that wants to enrol. */
  enrolment: "vigo.enrolment.v1",
  /** server nonce, SHA-256 of the CSR, envoy UUID. Signed by an envoy whose certificate has expired. */
  renewal: "vigo.renewal.v1",
  /** payload. Signed by the server, as are the five below. */
  policyBundle: "vigo.policy_bundle.v1",
  fleetDocument: "vigo.fleet_document.v1",
  envoyDocument: "vigo.envoy_document.v1",
  serverTime: "vigo.server_time.v1",
  taskDispatch: "vigo.task_dispatch.v1",
  taskCancel: "vigo.task_cancel.v1",
  /** envoy UUID, counter: keyed hash by the server, see the clone token. */
  cloneToken: "vigo.clone_token.v1",
  /** The fields of a manifest entry in the order of its type. Signed by its author. */
  manifestEntry: "vigo.manifest_entry.v1",
  /** previous hash, sequence, time in ms, principal, action, canonical JSON of the payload. Hashed. */
  auditRecord: "vigo.audit_record.v1",
  /** head sequence, head hash, time in ms. Signed by the server. */
  auditHead: "vigo.audit_head.v1",
  /** Merkle tree over resources: a leaf is the canonical JSON, a node is left and right hash. Hashed. */
  resourceLeaf: "vigo.resource_leaf.v1",
  resourceNode: "vigo.resource_node.v1",
  /** version, topic name, founder, author, seq, time in ms, previous id, body. Signed by the author, hashed for its id. */
  poolqMessage: "vigo.poolq.msg.v1",
  /** topic, author, hostname, last seq, turn. Signed by the author: the envoy that the topic is written from. */
  poolqWriter: "vigo.poolq.writer.v1",
  /** old key, new key, time in ms, then topic, seq and message id of each head. Signed by both keys. */
  puddleDelegation: "vigo.puddle.delegation.v1",
  /** public key, name, time in ms. Signed by the puddle. */
  puddleName: "vigo.puddle.name.v1",
  /** role, both certificates' SHA-256, both nonces, user, host, SHA-256 of what is handed over: keyed hash under the code. */
  puddlePairing: "vigo.puddle.pairing.v1",
  /** The fields of the header of a wrapped identity, and its salt: associated data of the encryption. */
  puddleWrapped: "vigo.puddle.wrapped.v1",
} as const;

export type Domain = typeof DOMAIN[keyof typeof DOMAIN];
