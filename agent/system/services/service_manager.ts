import type { ServiceProviderName } from "../../../shared/config/resources/service.ts";

/** What the service manager says of one service. */
export type ServiceStatus =
  | { readonly known: false }
  | {
    readonly known: true;
    readonly running: boolean;
    /** `undefined` if it is of a kind that cannot be enabled or disabled. */
    readonly enabled: boolean | undefined;
    /** Whether it is barred from starting in any way; `undefined` if the manager has no such thing. */
    readonly masked?: boolean;
    /** Why it cannot go on running once it was started; absent if it can. */
    readonly cannotRun?: string;
    /** The manager's own words, for a person. */
    readonly detail: string;
  };

/** What can be done to a service. */
export type ServiceAction =
  | "start"
  | "stop"
  | "restart"
  | "reload"
  | "enable"
  | "disable"
  | "mask"
  | "unmask";

/** One service manager. */
export interface ServiceManager {
  readonly name: ServiceProviderName;
  inspect(service: string): Promise<ServiceStatus>;
  /** @throws {Error} with the manager's words, if it refuses or the service fails to do it. */
  act(service: string, action: ServiceAction): Promise<void>;
}

/** Finds the service manager of a machine. */
export interface Services {
  /** The one that is asked for, or the machine's own; a reason if there is none that Vigo can use. */
  choose(
    wanted: ServiceProviderName | undefined,
  ): Promise<
    | { readonly ok: true; readonly manager: ServiceManager }
    | { readonly ok: false; readonly reason: string }
  >;
}
