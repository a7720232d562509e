import { z } from "zod";

const NAME_HINT =
  'expected a host name of letters, digits and "-", with dots between labels, like "web-1.example.com"';

/** Longest name that Linux takes (HOST_NAME_MAX). */
const MAX_NAME_LENGTH = 64;

/**
 * What the machine calls itself, now and after a restart. It is not who the machine is in the fleet: that is the name bound
 * at enrolment.
 */
export const hostnameSchema = z.strictObject({
  name: z.string({ error: NAME_HINT }).max(MAX_NAME_LENGTH, NAME_HINT).regex(
    /^(?!.*-(\.|$))[A-Za-z0-9][A-Za-z0-9-]{0,62}(\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*$/,
    NAME_HINT,
  ),
});

export type HostnameParams = z.infer<typeof hostnameSchema>;
