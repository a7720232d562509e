import type { z } from "zod";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import { envoyList } from "../../shared/rest/envoys.ts";
import { type MeshPuddle, puddleShow } from "../../shared/rest/puddle.ts";
import { callRest, RestError } from "../enroll/rest_client.ts";

/** Pages of the list of envoys that are read, and how many stand on one: more than a fleet may have. */
const MAX_PAGES = 100;
const ENVOYS_PER_PAGE = 1_000;
/** Largest answer, in bytes: a page of envoys. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Whoever waits is a person. */
const TIMEOUT_MS = 10_000;

export interface FleetDirectoryOptions {
  /** `https://host:port`. */
  readonly rest: string;
  readonly ca: string;
  identity(): TlsIdentity;
}

/** What the fleet knows by a puddle's key or name: one, none, several under one name, or nobody could be asked. */
export type PuddleInFleet =
  | { readonly kind: "one"; readonly puddle: MeshPuddle }
  | { readonly kind: "none" | "several" | "unasked" };

/** What the server tells this envoy of the rest of the fleet. */
export class FleetDirectory {
  readonly #options: FleetDirectoryOptions;

  constructor(options: FleetDirectoryOptions) {
    this.#options = options;
  }

  /** Whether an envoy of this name is enrolled and not revoked; `undefined` if the server does not say so. */
  async isEnrolled(hostname: string): Promise<boolean | undefined> {
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await this.#call(envoyList, {
        query: { limit: String(ENVOYS_PER_PAGE), ...(cursor === undefined ? {} : { cursor }) },
      });
      if (!answer.ok) return undefined;
      if (answer.value.envoys.some((envoy) => envoy.hostname === hostname)) return true;
      if (answer.value.nextCursor === null) return false;
      cursor = answer.value.nextCursor;
    }
    return undefined;
  }

  /** @param reference a key or a name. */
  async findPuddle(reference: string): Promise<PuddleInFleet> {
    const answer = await this.#call(puddleShow, { params: { puddle: reference }, query: {} });
    if (answer.ok) return { kind: "one", puddle: answer.value };
    return { kind: answer.status === 404 ? "none" : answer.status === 409 ? "several" : "unasked" };
  }

  async #call<Q extends z.ZodType, A extends z.ZodType>(
    endpoint: Endpoint<Q, z.ZodUndefined, A>,
    asked: {
      readonly query: Readonly<Record<string, string>>;
      readonly params?: Readonly<Record<string, string>>;
    },
  ): Promise<
    | { readonly ok: true; readonly value: z.output<A> }
    | { readonly ok: false; readonly status: number | undefined }
  > {
    const { rest, ca, identity } = this.#options;
    try {
      const value = await callRest(rest, { kind: "ca", pem: ca }, endpoint, {
        ...asked,
        body: undefined,
        identity: identity(),
        maxAnswerBytes: MAX_ANSWER_BYTES,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { ok: true, value };
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      return { ok: false, status: error.status };
    }
  }
}
