import { z } from "zod";

/** Service managers; each has one file on the agent. Without a choice the agent takes the one it finds. */
export const SERVICE_PROVIDERS = ["systemd", "openrc", "runit", "launchd"] as const;

export type ServiceProviderName = typeof SERVICE_PROVIDERS[number];

/** Restarting and reloading are acts, not states: they go with `when: changed`, or they would happen on every run. */
export const SERVICE_STATES = ["running", "stopped", "restarted", "reloaded"] as const;

const NAME_HINT = 'expected the name of a service, like "nginx" or "getty@tty1"';

/** A service of the machine: whether it runs now, and whether it starts with the machine. */
export const serviceSchema = z.strictObject({
  name: z.string({ error: NAME_HINT }).max(256).regex(
    /^[A-Za-z0-9][A-Za-z0-9@._:\\-]*$/,
    NAME_HINT,
  ).refine(
    (name) => !/@(?:\.[a-z]+)?$/.test(name),
    'expected an instance of the template, like "getty@tty1"',
  ),
  state: z.enum(SERVICE_STATES, {
    error: "expected state to be running, stopped, restarted or reloaded",
  }).optional(),
  enabled: z.boolean().optional(),
  /** Whether nothing and nobody can start it; of systemd alone. */
  masked: z.boolean().optional(),
  provider: z.enum(SERVICE_PROVIDERS).optional(),
}).superRefine(({ state, enabled, masked }, context) => {
  const refuse = (message: string) =>
    context.addIssue({ code: "custom", path: [masked === true ? "masked" : "state"], message });
  if ((state ?? enabled ?? masked) === undefined) refuse('expected "state", "enabled" or "masked"');
  if (masked !== true) return;
  if (enabled === true) refuse("cannot be combined with enabled: true");
  if (state !== undefined && state !== "stopped") refuse(`cannot be combined with state: ${state}`);
});

export type ServiceParams = z.infer<typeof serviceSchema>;
