import { z } from "zod";

export type Direction = "in" | "out";

const ruleSchema = z.strictObject({
  name: z.string(),
  direction: z.enum(["in", "out"]),
  proto: z.enum(["tcp", "udp", "icmp", "icmpv6", "igmp"]).optional(),
  /** `443` or `8000-8100`. */
  ports: z.array(z.string()).optional(),
  source: z.array(z.string()).optional(),
  destination: z.array(z.string()).optional(),
  interface: z.string().optional(),
  action: z.enum(["accept", "drop", "reject"]),
  order: z.number(),
});

const defaultSchema = z.strictObject({
  action: z.enum(["accept", "drop"]),
  /** Whether what the agent needs to reach its server stays open, before any rule is asked. */
  protectManagement: z.boolean(),
});

/** All that Vigo's own table says. */
export const firewallModelSchema = z.strictObject({
  rules: z.array(ruleSchema).max(10_000),
  defaults: z.strictObject({ in: defaultSchema, out: defaultSchema }),
});

export type FirewallRule = z.infer<typeof ruleSchema>;
export type ChainDefault = z.infer<typeof defaultSchema>;
export type FirewallModel = z.infer<typeof firewallModelSchema>;

/** Nothing is decided, and what the agent needs is protected from rules to come. */
export const UNTOUCHED: ChainDefault = { action: "accept", protectManagement: true };

export const EMPTY_MODEL: FirewallModel = {
  rules: [],
  defaults: { in: UNTOUCHED, out: UNTOUCHED },
};

/** The model with this rule in the place of one of its name. */
export function withRule(model: FirewallModel, rule: FirewallRule): FirewallModel {
  return { ...model, rules: [...withoutRule(model, rule.name).rules, rule].sort(compareRules) };
}

export function withoutRule(model: FirewallModel, name: string): FirewallModel {
  return { ...model, rules: model.rules.filter((rule) => rule.name !== name) };
}

export function withDefault(
  model: FirewallModel,
  direction: Direction,
  value: ChainDefault,
): FirewallModel {
  return { ...model, defaults: { ...model.defaults, [direction]: value } };
}

/** Whether it asks for nothing, so that no table is needed. */
export function isEmptyModel({ rules, defaults }: FirewallModel): boolean {
  return rules.length === 0 && defaults.in.action === "accept" && defaults.out.action === "accept";
}

/** In words, for a person: `in tcp 22,443 from 10.0.0.0/8: accept`. */
export function describeRule(rule: FirewallRule): string {
  const words = [
    rule.direction,
    ...(rule.proto === undefined ? [] : [rule.proto]),
    ...(rule.ports === undefined ? [] : [rule.ports.join(",")]),
    ...(rule.interface === undefined ? [] : [`by ${rule.interface}`]),
    ...(rule.source === undefined ? [] : [`from ${rule.source.join(",")}`]),
    ...(rule.destination === undefined ? [] : [`to ${rule.destination.join(",")}`]),
  ];
  return `${words.join(" ")}: ${rule.action} (order ${rule.order})`;
}

function compareRules(a: FirewallRule, b: FirewallRule): number {
  return a.order - b.order || (a.name < b.name ? -1 : 1);
}
