import { generateEd25519, type Signer } from "../../shared/crypto/ed25519.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import type { FleetHead, FleetRange, FleetView } from "./fleet_view.ts";
import type { MessageSigner, PostContext } from "./post_context.ts";

/** For tests: a fleet of which nothing is heard, but for what a test says. */
export class FakeFleet implements FleetView {
  head: FleetHead | undefined;
  ranges: ((from: number, limit: number) => FleetRange | undefined) | undefined;
  hints = 0;
  /** By hostname; nobody can say of others. */
  readonly enrolled = new Map<string, boolean>();

  limits(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  findHead(topicId: string): Promise<FleetHead | undefined> {
    return Promise.resolve(this.head?.topicId === topicId ? this.head : undefined);
  }

  topics(): Promise<{ source: string; topics: FleetHead[] }> {
    return Promise.resolve({ source: "local", topics: this.head ? [this.head] : [] });
  }

  range(
    _topicId: string,
    { from, limit }: { readonly from: number; readonly limit: number },
  ): Promise<FleetRange | undefined> {
    return Promise.resolve(this.ranges?.(from, limit));
  }

  isEnrolled(host: string): Promise<boolean | undefined> {
    return Promise.resolve(this.enrolled.get(host));
  }

  hint(): Promise<void> {
    this.hints += 1;
    return Promise.resolve();
  }
}

/** For tests: a user with a key, who posts from an envoy called `danlap`. */
export function postFixture(
  home: string,
  changes: Partial<PostContext> = {},
  signer: Signer = generateEd25519().signer,
) {
  const publicKey = signer.publicKey.toHex();
  const notices: string[] = [];
  const fleet = new FakeFleet();
  const context: PostContext = {
    home,
    user: "mara",
    hostname: "danlap",
    puddle: {
      publicKey,
      retired: [],
      chain: new PuddleChain([]),
      foundingKeys: [publicKey],
    },
    fleet,
    remembered: new Map(),
    clock: () => ({ nowMs: Date.now(), isCorrected: false }),
    notice: (text) => notices.push(text),
    signal: new AbortController().signal,
    ...changes,
  };
  const messageSigner: MessageSigner = {
    publicKey,
    sign: (_tag, bytes) => Promise.resolve(signer.sign(bytes)),
  };
  return { context, signer, messageSigner, notices, fleet };
}
