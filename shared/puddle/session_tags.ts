/**
 * What a session signs without asking for the passphrase again. Everything that changes who somebody is (a delegation, a
 * name) is not here on purpose.
 */
export const SESSION_TAGS: readonly string[] = ["vigo.poolq.msg.v1"];
