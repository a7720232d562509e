import { type ServiceParams, serviceSchema } from "../../shared/config/resources/service.ts";
import type { ServiceAction, ServiceStatus } from "../system/services/service_manager.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
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
  // A package may start and enable what it brings.
  reliesOnOthers: ({ state, enabled }) => state === "stopped" || enabled === false,
};

async function check(params: ServiceParams, context: ApplyContext): Promise<Finding> {
  const choice = await context.services.choose(params.provider);
  if (!choice.ok) return unknown(choice.reason);
  const found = await choice.manager.inspect(params.name);
  const status = found.known ? found : isGone(params) ? GONE : undefined;
  if (status === undefined) {
    return unknown(`${choice.manager.name} knows no service "${params.name}"`);
  }
  const obstacle = findObstacle(params, status, choice.manager.name);
  if (obstacle !== undefined) return unknown(`service "${params.name}" ${obstacle}`);
  return differences(
    planActions(params, status, context.notified).map((action) =>
      `${params.name}: ${action} (now ${status.detail})`
    ),
  );
}

async function apply(params: ServiceParams, context: ApplyContext): Promise<Change> {
  const choice = await context.services.choose(params.provider);
  if (!choice.ok) throw new Error(choice.reason);
  const found = await choice.manager.inspect(params.name);
  const status = found.known ? found : isGone(params) ? GONE : undefined;
  if (status === undefined) throw new Error(`there is no service "${params.name}"`);
  const actions = planActions(params, status, context.notified);
  for (const action of actions) await choice.manager.act(params.name, action);
  return actions.length === 0 ? "none" : "updated";
}

type KnownStatus = Extract<ServiceStatus, { known: true }>;

/** A service that nobody knows neither runs nor starts; the name can be barred all the same. */
const GONE: KnownStatus = {
  known: true,
  running: false,
  enabled: false,
  masked: false,
  detail: "not there",
};

function isGone({ state, enabled }: ServiceParams): boolean {
  return (state === "stopped" || state === undefined) && enabled !== true;
}

/** What stands between the service and what is wanted, for a person to decide about. */
function findObstacle(
  { state, enabled, masked }: ServiceParams,
  status: KnownStatus,
  manager: string,
): string | undefined {
  if (masked === true && status.masked === undefined) {
    return `cannot be masked: ${manager} has no such thing`;
  }
  const mustRun = state !== undefined && state !== "stopped";
  if (status.masked === true && masked !== false && (mustRun || enabled === true)) {
    return `is masked: set masked: false to release it`;
  }
  if (enabled === true && status.masked !== true && status.enabled === undefined) {
    return `cannot be enabled: it is ${status.detail}`;
  }
  if (mustRun && !status.running && status.cannotRun !== undefined) {
    return `cannot be kept running: ${status.cannotRun}`;
  }
  return undefined;
}

function planActions(
  { state, enabled, masked }: ServiceParams,
  status: KnownStatus,
  notified: boolean,
): readonly ServiceAction[] {
  const actions: ServiceAction[] = [];
  if (masked === false && status.masked === true) actions.push("unmask");
  if (enabled === true && status.enabled === false) actions.push("enable");
  if (enabled === false && status.enabled === true) actions.push("disable");
  actions.push(...planState(state, status.running, notified));
  if (masked === true && status.masked === false) actions.push("mask");
  return actions;
}

function planState(
  state: ServiceParams["state"],
  running: boolean,
  notified: boolean,
): readonly ServiceAction[] {
  if (state === undefined) return [];
  if (state === "stopped") return running ? ["stop"] : [];
  // A service that is started now reads its configuration anyway.
  if (!running) return ["start"];
  if (!notified || state === "running") return [];
  return [state === "restarted" ? "restart" : "reload"];
}
