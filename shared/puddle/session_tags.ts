import { DOMAIN } from "../canonical/domain.ts";

/**
 * What a session signs without asking for the passphrase again: messages of queues, and which envoy writes one. Everything
 * that changes who somebody is (a delegation, a name) is not here on purpose.
 */
export const SESSION_TAGS: readonly string[] = [DOMAIN.poolqMessage, DOMAIN.poolqWriter];
