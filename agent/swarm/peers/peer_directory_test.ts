import assert from "node:assert/strict";
import { eventually } from "../../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { TaskScope } from "../runtime/task_scope.ts";
import { type PeersFile, readPeers } from "../mirror.ts";
import { SwarmPaths } from "../swarm_paths.ts";
import { PeerDirectory } from "./peer_directory.ts";
import { PeerError } from "./peer_error.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import { endpointKey, type PeerEndpoint } from "./peer_registry.ts";

const OWN: PeerEndpoint = { address: "10.0.0.1", port: 1531 };
const HOME: PeerEndpoint = { address: "10.0.0.2", port: 1531 };
const AWAY: PeerEndpoint = { address: "10.0.0.3", port: 1531 };

const identity = (uuid: string): PeerIdentity => ({ uuid, hostname: uuid, fingerprint: "0" });

/** A directory on a small network, where `network` says who answers at which address. */
class Neighbourhood implements AsyncDisposable {
  readonly network = new Map<string, PeerIdentity>();
  readonly revoked = new Set<string>();
  readonly directory: PeerDirectory;
  readonly #root: TemporaryRoot;
  readonly #scope = new TaskScope((_level, message) => assert.fail(message));
  readonly #dials: Promise<void>[] = [];

  private constructor(root: TemporaryRoot) {
    this.#root = root;
    this.directory = new PeerDirectory({
      paths: new SwarmPaths(root.path),
      scope: this.#scope,
      ownUuid: "self",
      isRevoked: (uuid) => this.revoked.has(uuid),
      greet: (endpoint) => this.#greet(endpoint),
      log: () => {},
    });
  }

  static async create(): Promise<Neighbourhood> {
    const neighbourhood = new Neighbourhood(await TemporaryRoot.create());
    neighbourhood.directory.setOwn([OWN]);
    await neighbourhood.directory.remember();
    return neighbourhood;
  }

  settle(endpoint: PeerEndpoint, uuid: string): void {
    this.network.set(endpointKey(endpoint), identity(uuid));
  }

  /** Waits for the dials so far, and reads from `peers.json` who was found how. */
  async book(): Promise<Record<string, string>> {
    await Promise.all(this.#dials);
    await this.directory.save();
    return Object.fromEntries((await this.written()).map(({ uuid, source }) => [uuid, source]));
  }

  /** What everybody may read now. */
  async written(): Promise<PeersFile["peers"]> {
    const file = await readPeers(this.#root.path);
    assert.ok(file.ok);
    return file.value.peers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.stop();
    await this.directory.save();
    await this.#root[Symbol.asyncDispose]();
  }

  /** Like a client of peer servers: whoever answers is reported before the answer is read. */
  #greet(endpoint: PeerEndpoint): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#dials.push(promise.catch(() => {}));
    const peer = this.network.get(endpointKey(endpoint));
    if (peer) this.directory.prove(peer, endpoint);
    if (peer) resolve();
    else reject(new PeerError(`Nobody answers at ${endpointKey(endpoint)}`));
    return promise;
  }
}

for (const source of ["multicast", "exchange", "server", "inbound", "remembered"] as const) {
  Deno.test(`a peer whose address came by ${source} is written down as found by ${source}`, async () => {
    await using here = await Neighbourhood.create();
    here.settle(HOME, "db-1");
    here.directory.suggest([HOME], source);
    assert.deepEqual(await here.book(), { "db-1": source });
  });
}

Deno.test("a peer heard by multicast stays found by multicast, whoever names or answers for it later", async () => {
  await using here = await Neighbourhood.create();
  here.settle(HOME, "db-1");
  here.directory.suggest([HOME], "multicast");
  here.directory.suggest([HOME], "exchange");
  await here.book();
  here.directory.suggest([HOME], "server");
  here.directory.prove(identity("db-1"), HOME);
  assert.deepEqual(await here.book(), { "db-1": "multicast" });
});

Deno.test("an announced address where nobody of the fleet answers makes no peer", async () => {
  await using here = await Neighbourhood.create();
  here.directory.suggest([HOME], "multicast");
  assert.deepEqual(await here.book(), {});
});

Deno.test("a peer that answers at its old address after it was forgotten is a remembered one", async () => {
  await using here = await Neighbourhood.create();
  here.settle(HOME, "db-1");
  here.directory.suggest([HOME], "multicast");
  await here.book();
  for (let failures = 0; here.directory.size > 0; failures += 1) {
    assert.ok(failures < 100);
    here.directory.noteFailure("db-1");
  }
  here.directory.prove(identity("db-1"), HOME);
  assert.deepEqual(await here.book(), { "db-1": "remembered" });
});

Deno.test("who was revoked, and who stopped answering, is not written down as a peer any more", async () => {
  await using here = await Neighbourhood.create();
  here.settle(HOME, "db-1");
  here.settle(AWAY, "db-2");
  here.directory.suggest([HOME, AWAY], "multicast");
  assert.deepEqual(Object.keys(await here.book()).toSorted(), ["db-1", "db-2"]);
  for (let failures = 0; here.directory.size > 1; failures += 1) {
    assert.ok(failures < 100);
    here.directory.noteFailure("db-1");
  }
  await eventually("the file says who is away", async () => {
    return (await here.written()).some(({ uuid, absent }) => uuid === "db-1" && absent === true);
  });
  here.revoked.add("db-1").add("db-2");
  here.directory.dropRevoked();
  await eventually("the file names nobody", async () => (await here.written()).length === 0);
});

Deno.test("a peer that moves is found anew, by what named its new address", async () => {
  await using here = await Neighbourhood.create();
  here.settle(HOME, "db-1");
  here.directory.suggest([HOME], "multicast");
  await here.book();
  here.settle(AWAY, "db-1");
  here.directory.suggest([AWAY], "exchange");
  assert.deepEqual(await here.book(), { "db-1": "exchange" });
});

Deno.test("an envoy never finds itself", async () => {
  await using here = await Neighbourhood.create();
  here.settle(AWAY, "self");
  here.directory.suggest([OWN, AWAY], "multicast");
  assert.deepEqual(await here.book(), {});
});
