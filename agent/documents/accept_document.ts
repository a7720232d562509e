import { type EnvoyDocument, envoyDocumentSchema } from "../../shared/config/envoy_document.ts";
import {
  type FleetDocument,
  fleetDocumentSchema,
  MAX_FLEET_DOCUMENT_BYTES,
} from "../../shared/config/fleet_document.ts";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import {
  openDocument,
  type Opened,
  type SignedBytes,
} from "../../shared/canonical/signed_document.ts";

/** Judges a fleet document, whoever brought it: signed by the server and newer than the one held. */
export function acceptFleetDocument(
  signed: SignedBytes,
  verifier: Verifier,
  heldSerial: number,
): Opened<FleetDocument> {
  if (signed.payload.length > MAX_FLEET_DOCUMENT_BYTES) {
    return { ok: false, reason: `fleet document of ${signed.payload.length} bytes is too large` };
  }
  return newer(openDocument("fleetDocument", signed, verifier, fleetDocumentSchema), heldSerial);
}

/** Judges an envoy document: signed by the server, for this envoy, and newer than the one held. */
export function acceptEnvoyDocument(
  signed: SignedBytes,
  verifier: Verifier,
  envoyUuid: string,
  heldSerial: number,
): Opened<EnvoyDocument> {
  const opened = newer(
    openDocument("envoyDocument", signed, verifier, envoyDocumentSchema),
    heldSerial,
  );
  if (opened.ok && opened.value.envoyUuid !== envoyUuid) {
    return { ok: false, reason: `envoy document is for envoy ${opened.value.envoyUuid}` };
  }
  return opened;
}

/** A document of the held serial is the held one, so accepting it again changes nothing. */
function newer<T extends { readonly serial: number }>(
  opened: Opened<T>,
  heldSerial: number,
): Opened<T> {
  if (opened.ok && opened.value.serial < heldSerial) {
    return {
      ok: false,
      reason: `document has serial ${opened.value.serial}, lower than ${heldSerial} which is held`,
    };
  }
  return opened;
}
