import { type FirewallParams, firewallSchema } from "../../shared/config/resources/firewall.ts";
import {
  type ChainDefault,
  describeRule,
  type FirewallModel,
  type FirewallRule,
  withDefault,
  withoutRule,
  withRule,
} from "../system/firewall/firewall_model.ts";
import type { FirewallState } from "../system/firewall/firewall_provider.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  type ResourceType,
  unknown,
} from "./resource.ts";

type RuleParams = Extract<FirewallParams, { ensure: "present" }>;
type DefaultParams = Extract<FirewallParams, { ensure: "default" }>;

/**
 * A rule in Vigo's own table of the machine's firewall, or what that table does with packets that no rule decides. The
 * agent's way to its server stays open unless a default says otherwise.
 */
export const firewall: ResourceType<FirewallParams> = {
  type: "firewall",
  schema: firewallSchema,
  check,
  apply,
};

async function check(params: FirewallParams, context: ApplyContext): Promise<Finding> {
  const choice = await context.host.firewalls.choose(params.provider);
  if (!choice.ok) return unknown(choice.reason);
  const state = await choice.provider.inspect();
  const { model, faults, ruleFaults } = state;
  const { name } = params;
  const found = model.rules.find((rule) => rule.name === name);
  switch (params.ensure) {
    case "absent":
      return differences(found ? [`firewall ${name}: ${describeRule(found)} → absent`] : []);
    case "default": {
      const before = describeDefault(model.defaults[params.direction]);
      const after = describeDefault(defaultOf(params));
      return differences([
        ...(before === after ? [] : [`firewall ${params.direction}: ${before} → ${after}`]),
        ...faults,
      ]);
    }
    case "present": {
      const before = found && describeRule(found);
      const after = describeRule(ruleOf(params));
      const fault = ruleFaults.get(name);
      return differences([
        ...(before === after ? [] : [`firewall ${name}: ${before ?? "absent"} → ${after}`]),
        ...(fault === undefined ? [] : [`firewall ${name}: ${fault}`]),
        ...faults,
      ]);
    }
  }
}

async function apply(params: FirewallParams, context: ApplyContext): Promise<Change> {
  const choice = await context.host.firewalls.choose(params.provider);
  if (!choice.ok) throw new Error(choice.reason);
  const state = await choice.provider.inspect();
  await choice.provider.replace(change(params, state.model));
  return outcomeOf(params, state);
}

function change(params: FirewallParams, model: FirewallModel): FirewallModel {
  switch (params.ensure) {
    case "absent":
      return withoutRule(model, params.name);
    case "default":
      return withDefault(model, params.direction, defaultOf(params));
    case "present":
      return withRule(model, ruleOf(params));
  }
}

function outcomeOf({ ensure, name }: FirewallParams, { model }: FirewallState): Change {
  if (ensure === "absent") return "deleted";
  const isNew = ensure === "present" && !model.rules.some((rule) => rule.name === name);
  return isNew ? "created" : "updated";
}

function ruleOf(params: RuleParams): FirewallRule {
  const { name, direction, proto, port, source, destination, action, order } = params;
  return {
    name,
    direction,
    ...(proto === undefined ? {} : { proto }),
    ...(port === undefined ? {} : { ports: port }),
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(params.interface === undefined ? {} : { interface: params.interface }),
    action,
    order,
  };
}

function defaultOf({ action, protect_management }: DefaultParams): ChainDefault {
  return { action, protectManagement: protect_management };
}

function describeDefault({ action, protectManagement }: ChainDefault): string {
  return protectManagement ? action : `${action}, the agent's way to its server too`;
}
