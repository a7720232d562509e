import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { REVOKED_HORIZON_MS } from "../../shared/swarm/manifest.ts";
import { connected, CONTENT, entryOf, QUERY } from "../../tests/support/filecast_fixture.ts";
import { SimulatedFleet } from "../../tests/support/simulated_fleet.ts";
import { databaseRoutes } from "../api/database_routes.ts";
import type { RequestContext } from "../api/route.ts";
import { LOCAL_ROOT } from "../service/principal.ts";
import { RetentionKeeper } from "../retention/retention_keeper.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { Store } from "../store/store.ts";
import { AuditLog } from "./audit_log.ts";

const FULL = "the disk is full";

/** A store that takes no audit record while it `isFull`. */
class UnrecordingStore extends MemoryStore {
  isFull = false;
  vacuums = 0;

  override transaction<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return super.transaction((inside) => {
      const append = () => Promise.reject(new Error(FULL));
      return work(this.isFull ? { ...inside, audit: { ...inside.audit, append } } : inside);
    });
  }

  override vacuum(): Promise<number> {
    this.vacuums += 1;
    return super.vacuum();
  }
}

Deno.test("a cast, its revocation and its purge that cannot be recorded do not happen", async () => {
  const store = new UnrecordingStore();
  await using server = await SimulatedFleet.start({ store });
  using origin = await connected(server, "vigo-1");
  using _web = await connected(server, "web-1");
  const { filecasts, manifest, index } = server.fleet;
  const sha256 = sha256Hex(CONTENT);
  const cast = () => filecasts.distribute(QUERY, new Blob([CONTENT]).stream(), "local-root");
  const seeds = async () =>
    (await Array.fromAsync(Deno.readDir(server.root.join("seed")))).map(({ name }) => name);

  store.isFull = true;
  const unrecorded = await cast();
  assert.match(unrecorded.ok ? "" : unrecorded.message, new RegExp(FULL));
  assert.deepEqual(await seeds(), [], "nothing is left that the agent would seed");
  store.isFull = false;
  assert.ok((await cast()).ok);

  const cell = Buffer.from(JSON.stringify(entryOf(origin.signer)));
  await manifest.receive([cell], index.find("vigo-1") ?? assert.fail());
  store.isFull = true;
  await assert.rejects(filecasts.revoke(sha256, "local-root"), new RegExp(FULL));
  assert.equal(manifest.isLive(sha256), true);
  store.isFull = false;
  assert.ok((await filecasts.revoke(sha256, "local-root")).ok);

  server.clock.offsetMs = REVOKED_HORIZON_MS + 60_000;
  store.isFull = true;
  await assert.rejects(filecasts.purge("local-root"), new RegExp(FULL));
  assert.notDeepEqual(await store.manifest.list(), []);
});

Deno.test("a database is not vacuumed or pruned without a record of it", async () => {
  const store = new UnrecordingStore();
  const now = () => 1_700_000_000_000;
  let pruned = 0;
  const retention = new RetentionKeeper({
    store,
    now,
    retentionMs: 1,
    pruneVersions: () => Promise.resolve(pruned += 1),
  });
  const audit = new AuditLog(store, generateEd25519().signer, now);
  const routes = databaseRoutes({ store, retention, audit });
  // The handlers look at nothing else.
  const context = { principal: LOCAL_ROOT } as
    & RequestContext<"dbVacuum">
    & RequestContext<"dbPrune">;
  store.isFull = true;
  await assert.rejects(routes.dbVacuum(context), new RegExp(FULL));
  await assert.rejects(routes.dbPrune(context), new RegExp(FULL));
  assert.deepEqual([store.vacuums, pruned], [0, 0]);
  store.isFull = false;
  await routes.dbVacuum(context);
  await routes.dbPrune(context);
  assert.deepEqual([store.vacuums, pruned], [1, 1]);
  assert.deepEqual((await store.audit.readFrom(1, 9)).map(({ action }) => action), [
    "db.vacuum",
    "db.prune",
  ]);
});
