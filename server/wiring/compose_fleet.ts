import { Buffer } from "node:buffer";
import { EnrollService } from "../enroll/enroll_service.ts";
import { EnrollTokenService } from "../enroll/enroll_tokens.ts";
import { EnvoyDocuments } from "../documents/envoy_documents.ts";
import { FleetDocuments } from "../documents/fleet_documents.ts";
import { RenewalService } from "../enroll/renewal.ts";
import { BundleKeeper } from "../status/bundle_keeper.ts";
import { MinuteRecorder } from "../status/minute_recorder.ts";
import { measureFetched } from "../swarm/swarm_meter.ts";
import { DenialLog } from "../secrets/denial_log.ts";
import { pushChangedSecrets } from "../secrets/push_changed_secrets.ts";
import { queueUsers } from "../poolq/queue_users.ts";
import { PuddleEvictions } from "../puddle/puddle_evictions.ts";
import { QueueBlocks } from "../poolq/queue_blocks.ts";
import { QueueMesh } from "../poolq/queue_mesh.ts";
import { queueSettings } from "../poolq/queue_settings.ts";
import { SecretDesk } from "../secrets/secret_desk.ts";
import { SecretVault } from "../secrets/secret_vault.ts";
import { BlobDesk } from "../swarm/blob_desk.ts";
import { composePictures, type SwarmPictures } from "../swarm/compose_pictures.ts";
import { FilecastService } from "../swarm/filecast_service.ts";
import { readFreeSpace } from "../swarm/free_space.ts";
import { ManifestStore } from "../swarm/manifest_store.ts";
import { ProgressTracker } from "../swarm/progress_tracker.ts";
import { removeAbandonedUploads } from "../swarm/seed_upload.ts";
import { createSwarmGates } from "../swarm/swarm_gates.ts";
import { SwarmOverview } from "../swarm/swarm_overview.ts";
import { probeHealth } from "../tasks/health_probe.ts";
import { barredFromTasks } from "../tasks/barred_from_tasks.ts";
import { TaskDesk } from "../tasks/task_desk.ts";
import { AgentService } from "../checkin/agent_service.ts";
import { AgentStreams } from "../fleet/agent_streams.ts";
import { CheckInService } from "../checkin/check_in_service.ts";
import { createCloneTokens } from "../fleet/clone_tokens.ts";
import { EnvoyAdmin } from "../fleet/envoy_admin.ts";
import { EnvoyEditor } from "../fleet/envoy_editor.ts";
import { FleetIndex } from "../fleet/fleet_index.ts";
import { ObservationBatcher } from "../checkin/observation_batcher.ts";
import { PeerHints } from "../checkin/peer_hints.ts";
import { PolicyDesk } from "../checkin/policy_desk.ts";
import { policySecrets } from "../fleet/policy_secrets.ts";
import { readopt } from "../checkin/readoption.ts";
import { RequestVerifier, signServerTime } from "../checkin/request_verifier.ts";
import { PushTracker } from "../fleet/push_tracker.ts";
import { ResultService } from "../checkin/result_service.ts";
import { RunBook } from "../checkin/run_book.ts";
import type { Fleet, FleetOptions } from "../checkin/fleet.ts";

/** Builds the services that serve envoys from the store, and ties them together; nothing listens yet. */
export async function composeFleet(options: FleetOptions): Promise<Fleet> {
  const { store, authority, audit, logger, now, serverHostname } = options;
  const { signer } = authority;
  const startedAtMs = now();
  const gates = createSwarmGates(options.swarm, serverHostname);
  const vault = await SecretVault.load({ backend: options.secrets, store, audit, now, logger });
  const { resolver } = options;
  const index = await FleetIndex.load(store, now, () => resolver.version());
  const streams = new AgentStreams(now);
  const batcher = new ObservationBatcher(store, logger);
  const bundles = new BundleKeeper(store, logger, now);
  const pushes = new PushTracker(now);
  const runs = new RunBook({
    onObserved: (state) => batcher.add(state),
    onRun: (state) => pushes.noteRun(state),
  });
  const progress = new ProgressTracker((news) => {
    const { before, after } = news;
    minutes.noteBytes(measureFetched(before, after, (sha256) => manifest.effective(sha256)));
    pictures.noteProgress(news);
  });
  const hints = new PeerHints(index, now);
  const envoyDocuments = await EnvoyDocuments.load({
    facts: store.facts,
    signer,
    index,
    gates,
    bundleMaxAgeMs: options.bundleMaxAgeMs,
    now,
  });

  const envoys = new EnvoyAdmin({
    store,
    index,
    streams,
    audit,
    now,
    logger,
    pushes,
    onRevoked: async ({ record }) => {
      envoyDocuments.drop(record.uuid);
      tasks.noteRevoked(record.uuid);
      progress.drop(record.uuid);
      pictures.drop(record.uuid);
      // Before the document that ends its trust, or there would be nothing left to revoke.
      await manifest.revokeAuthor(record.signingKey);
      await fleetDocuments.refresh();
    },
  });
  const queueBlocks = await QueueBlocks.load({ store, audit, now });
  const puddleEvictions = await PuddleEvictions.load({ store, audit, now });
  const fleetDocuments = await FleetDocuments.load({
    store,
    signer,
    index,
    gates,
    queues: queueSettings(options.swarm),
    queueBlocks,
    puddleEvictions,
    now,
    logger,
    revokeAgain: async (uuid) => {
      const state = index.get(uuid);
      if (state) {
        await envoys.revokeState(state, "revoked before this server was restored", "server");
      }
    },
  });
  const manifest = await ManifestStore.load({
    store,
    signer,
    now,
    logger,
    fleetDocument: fleetDocuments.current.value,
    broadcast: (cells) =>
      streams.broadcast({ manifest: { entries: cells.map((cell) => Buffer.from(cell)) } }),
  });
  manifest.start();
  let judged: Promise<unknown> = Promise.resolve();
  fleetDocuments.onChange(({ value, signed }) => {
    const { payload, signature } = signed;
    streams.broadcast({
      fleetDocument: { payload: Buffer.from(payload), signature: Buffer.from(signature) },
    }, (uuid) => index.get(uuid)?.hasKnownFleetDocument === true);
    const judging = manifest.setFleetDocument(value).catch((error) => {
      logger.error("Cannot judge the manifest by the new fleet document: {reason}", {
        reason: String(error),
      });
    });
    judged = Promise.all([judged, judging]);
  });

  const editor = new EnvoyEditor({
    store,
    index,
    streams,
    audit,
    now,
    logger,
    serverHostname,
    onChanged: async ({ record }) => {
      const { payload, signature } = (await envoyDocuments.refresh(record)).signed;
      streams.send(record.uuid, {
        envoyDocument: { payload: Buffer.from(payload), signature: Buffer.from(signature) },
      });
      await fleetDocuments.refresh();
    },
    revoke: (state, reason, principal) => envoys.revokeState(state, reason, principal),
  });
  const renewals = new RenewalService({
    store,
    authority,
    index,
    audit,
    now,
    renewGraceMs: options.renewGraceMs,
    // The document says until when a seeder's word counts.
    onRenewed: async ({ record }) => {
      if (gates.maySeed(record.hostname)) await fleetDocuments.refresh();
    },
  });
  const welcome = async (record: Parameters<EnvoyDocuments["refresh"]>[0]) => {
    await envoyDocuments.refresh(record);
    await fleetDocuments.refresh();
  };
  const verifier = new RequestVerifier({
    index,
    signer,
    now,
    startedAtMs,
    wasRevoked: (uuid, fingerprint) => fleetDocuments.wasRevoked(uuid, fingerprint),
  });
  vault.onChange((paths) => pushChangedSecrets(index, streams, paths));
  const checkIns: CheckInService = new CheckInService({
    batcher,
    runs,
    fleetDocuments,
    envoyDocuments,
    policy: new PolicyDesk({
      resolver,
      onResolved: (bundle) => bundles.note(bundle),
      signer,
      now,
      logger,
      secretEpoch: () => vault.epoch,
    }),
    cloneTokens: createCloneTokens(authority.deriveKey("vigo.clone_token.v1")),
    manifest,
    hints,
    now,
    logger,
    intervalMs: options.intervalMs,
    suspectClone: (state) => envoys.suspect(state),
    settleRename: (state, fingerprint) => editor.settleRename(state, fingerprint),
    onCheckIn: (state) => pushes.noteCheckIn(state, resolver.version() !== undefined),
  });
  const minutes: MinuteRecorder = new MinuteRecorder({
    minutes: store.minutes,
    now,
    checkIns: () => Object.values(checkIns.counts).reduce((sum, count) => sum + count, 0),
    fleet: () => index.count(),
  });
  const secrets = new SecretDesk({
    vault,
    secretsOf: (state) => policySecrets(state, options.resolver),
    denials: new DenialLog(audit, logger, now),
    now,
    logger,
  });
  const tasks = await TaskDesk.load({
    store: store.tasks,
    signer,
    now,
    logger,
    probe: options.probe ?? probeHealth,
    send: (uuid, message) => streams.send(uuid, message),
    barred: (uuid) => barredFromTasks(index.get(uuid)?.record),
  });
  const carriesQueues = (hostname: string) => gates.resolve(hostname).subsystems.poolq;
  const queues = await QueueMesh.load({
    store,
    settings: queueSettings(options.swarm),
    blocks: queueBlocks,
    isOpen: carriesQueues,
    isEvicted: (puddle) => puddleEvictions.has(puddle),
    usersOf: queueUsers(options.resolver),
    broadcast: (message) =>
      streams.broadcast(message, (uuid) => {
        const state = index.get(uuid);
        return state !== undefined && carriesQueues(state.record.hostname);
      }),
    now,
    logger,
  });
  queues.start();
  const agents = new AgentService({
    authority,
    verifier,
    checkIns,
    secrets,
    blobs: new BlobDesk({ manifest, gates, folder: options.blobFolder, now }),
    results: new ResultService({ store, runs, now, onStored: () => minutes.noteRun() }),
    runs,
    tasks,
    queues,
    renewals,
    streams,
    manifest,
    progress,
    now,
    logger,
    readopt: (peer) => readopt(peer, { store, index, audit, now, logger, onReadopted: welcome }),
  });
  const filecasts = new FilecastService({
    index,
    manifest,
    progress,
    gates,
    audit,
    now,
    logger,
    serverHostname,
    seedFolder: options.seedFolder,
    freeSpace: options.freeSpace ?? readFreeSpace,
    minFreePercent: options.minFreePercent,
    isConnected: (uuid) => streams.has(uuid),
  });
  const overview = new SwarmOverview({ index, manifest, progress, gates, serverHostname, now });
  const pictures: SwarmPictures = composePictures({
    index,
    manifest,
    progress,
    filecasts,
    overview,
    now,
  });
  await removeAbandonedUploads(options.seedFolder, now());

  return {
    index,
    streams,
    agents,
    checkIns,
    vault,
    secrets,
    envoys,
    renewals,
    manifest,
    fleetDocuments,
    queues,
    queueBlocks,
    puddleEvictions,
    countQueueEnvoys: () =>
      [...index.states()].filter(({ record }) => carriesQueues(record.hostname)).length,
    batcher,
    bundles,
    editor,
    pushes,
    minutes,
    tasks,
    enrolments: new EnrollService({
      store,
      authority,
      index,
      audit,
      now,
      serverHostname,
      grpcPort: options.grpcPort,
      onEnrolled: async (record, replaced) => {
        const old = replaced && index.get(replaced.uuid);
        if (old) await envoys.forgetIdentity(old, now());
        await welcome(record);
      },
    }),
    tokens: new EnrollTokenService({ store, audit, now, command: options.enrollCommand }),
    filecasts,
    overview,
    pictures,
    progress,
    serverTime: (nonce) => {
      const { payload, signature } = signServerTime(Uint8Array.fromHex(nonce), now(), signer);
      return { payload: payload.toBase64(), signature: signature.toBase64() };
    },
    stop: async () => {
      manifest.stop();
      await agents.stop();
      await queues.stop();
      await tasks.stop();
      await judged;
      await batcher.stop();
      await bundles.stop();
      await minutes.flush();
    },
  };
}
