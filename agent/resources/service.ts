import { type ServiceParams, serviceSchema } from "../../shared/config/resources/service.ts";
import type { ServiceAction, ServiceStatus } from "../system/services/service_manager.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  type ResourceType,
  unknown,
} from "./resource.ts";

/**
 * A service. `running` and `stopped` are states. `restarted` and `reloaded` are acts, done once for a notification; they
 * imply that the service runs, which is what is checked again afterwards.
 */
export const service: ResourceType<ServiceParams> = {
  type: "service",
  schema: serviceSchema,
  check,
  apply,
};

async function check(params: ServiceParams, context: ApplyContext): Promise<Finding> {
  const choice = await context.services.choose(params.provider);
  if (!choice.ok) return unknown(choice.reason);
  const status = await choice.manager.inspect(params.name);
  if (!status.known) {
    const isGone = params.state === "stopped" || params.state === undefined;
    return isGone && params.enabled !== true
      ? IN_SYNC
      : unknown(`${choice.manager.name} knows no service "${params.name}"`);
  }
  if (params.enabled === true && status.enabled === undefined) {
    return unknown(`service "${params.name}" cannot be enabled: it is ${status.detail}`);
  }
  return differences(
    planActions(params, status, context.notified).map((action) =>
      `${params.name}: ${action} (now ${status.detail})`
    ),
  );
}

async function apply(params: ServiceParams, context: ApplyContext): Promise<Change> {
  const choice = await context.services.choose(params.provider);
  if (!choice.ok) throw new Error(choice.reason);
  const status = await choice.manager.inspect(params.name);
  if (!status.known) throw new Error(`there is no service "${params.name}"`);
  const actions = planActions(params, status, context.notified);
  for (const action of actions) await choice.manager.act(params.name, action);
  return actions.length === 0 ? "none" : "updated";
}

function planActions(
  { state, enabled }: ServiceParams,
  status: Extract<ServiceStatus, { known: true }>,
  notified: boolean,
): readonly ServiceAction[] {
  const actions: ServiceAction[] = [];
  if (enabled === true && status.enabled === false) actions.push("enable");
  if (enabled === false && status.enabled === true) actions.push("disable");
  if (state === "stopped" && status.running) actions.push("stop");
  if (state === "stopped" || state === undefined) return actions;
  // A service that is started now reads its configuration anyway.
  if (!status.running) actions.push("start");
  else if (state === "restarted" && notified) actions.push("restart");
  else if (state === "reloaded" && notified) actions.push("reload");
  return actions;
}
