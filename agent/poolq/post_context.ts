import type { Puddle } from "../puddle/puddle_home.ts";
import type { FleetView } from "./fleet_view.ts";
import type { RememberedHead } from "./known_head.ts";
import type { PostSteps } from "./post_steps.ts";

/** Signs with this user's present key: the session of the puddle does. */
export interface MessageSigner {
  /** 64 lowercase hex digits. */
  readonly publicKey: string;
  sign(tag: string, bytes: Uint8Array): Promise<Uint8Array>;
}

/** What posting needs to know and to reach. */
export interface PostContext {
  /** Of the user. */
  readonly home: string;
  readonly user: string;
  /** Of this envoy, as enrolled. */
  readonly hostname: string;
  readonly puddle: Puddle;
  readonly fleet: FleetView;
  /** What this machine remembers of the user's topics, by id. */
  readonly remembered: ReadonlyMap<string, RememberedHead>;
  /** In ms since 1970, and whether it is the fleet's time or this machine's own. */
  readonly clock: () => { readonly nowMs: number; readonly isCorrected: boolean };
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
  readonly steps?: PostSteps;
}
