import { join } from "node:path";
import { VERSION } from "../shared/config/version.ts";
import type { Logger } from "../shared/platform/logging.ts";
import { Admission } from "./api/admission.ts";
import { auditRoutes } from "./api/audit_routes.ts";
import { readClientCertificate } from "./api/client_certificate.ts";
import { configRoutes } from "./api/config_routes.ts";
import { configViewRoutes } from "./api/config_view_routes.ts";
import { createApi } from "./api/create_api.ts";
import { databaseRoutes } from "./api/database_routes.ts";
import { enrollRoutes } from "./api/enroll_routes.ts";
import { envoyRoutes } from "./api/envoy_routes.ts";
import { fleetRoutes } from "./api/fleet_routes.ts";
import { type HealthCheck, HealthChecks } from "./api/health.ts";
import { type HttpsListener, startHttpsListener } from "./api/https_listener.ts";
import { assertClientCertificatesRecognised } from "./api/client_certificate_recognition.ts";
import { Metrics } from "./api/metrics.ts";
import { peopleRoutes } from "./api/people_routes.ts";
import { queueRoutes } from "./api/queue_routes.ts";
import { puddleRoutes } from "./api/puddle_routes.ts";
import { queryRoutes } from "./api/query_routes.ts";
import { readCredentials } from "./api/read_credentials.ts";
import { RequestBudgets } from "./api/request_budgets.ts";
import { runRoutes } from "./api/run_routes.ts";
import { secretRoutes } from "./api/secret_routes.ts";
import { swarmPictureRoutes } from "./api/swarm_picture_routes.ts";
import { swarmRoutes } from "./api/swarm_routes.ts";
import { namedTaskRoutes } from "./api/named_task_routes.ts";
import { taskRoutes } from "./api/task_routes.ts";
import { workflowRoutes } from "./api/workflow_routes.ts";
import type { RouteTable } from "./api/route.ts";
import { ApiTokenService } from "./auth/api_token_service.ts";
import { Authenticator } from "./auth/authenticator.ts";
import { mintLocalToken } from "./auth/local_token.ts";
import { PasswordCheck } from "./auth/password_check.ts";
import { PasswordHasher } from "./auth/password_hash.ts";
import { SessionService } from "./auth/session_service.ts";
import { UserService } from "./auth/user_service.ts";
import type { ServerStart } from "./channel.ts";
import { composeFleet } from "./wiring/compose_fleet.ts";
import type { Fleet } from "./checkin/fleet.ts";
import { PeerCertificates } from "./checkin/peer_certificates.ts";
import { makeSelfTestIdentities } from "./checkin/self_test_identities.ts";
import { stacksPolicyResolver } from "./checkin/stacks_policy_resolver.ts";
import { ConfigFreeze } from "./publish/config_freeze.ts";
import { ConfigPublisher } from "./publish/config_publisher.ts";
import { ConfigViews } from "./publish/config_views.ts";
import { VersionStore } from "./publish/version_store.ts";
import { queueSettings } from "./poolq/queue_settings.ts";
import type { RetentionKeeper } from "./retention/retention_keeper.ts";
import { LocalSecretBackend, SECRET_KEY_PURPOSE } from "./secrets/local_secret_backend.ts";
import type { IntegrityCheck } from "./store/open_sqlite_store.ts";
import type { Store } from "./store/store.ts";
import { answerInTime } from "./wiring/answer_in_time.ts";
import { Closing } from "./wiring/closing.ts";
import { composeTasks } from "./wiring/compose_tasks.ts";
import { composeWorkflows } from "./wiring/compose_workflows.ts";
import { fleetTrust } from "./wiring/fleet_trust.ts";
import { watchEventLoop } from "./wiring/event_loop_watch.ts";
import { fleetCounts } from "./wiring/metric_sources.ts";
import { openState, type ServerState } from "./wiring/open_state.ts";
import { publishFilesWithin } from "./wiring/publish_files.ts";
import { renewServerCertificate } from "./wiring/server_certificate.ts";
import { hostPolicies, knownHosts } from "./wiring/known_hosts.ts";
import { missingSecrets } from "./wiring/missing_secrets.ts";
import { StoreFreezeBook } from "./wiring/store_freeze_book.ts";
import { StoreVersionLog } from "./wiring/store_version_log.ts";
import { startSessionUpkeep } from "./wiring/session_upkeep.ts";
import { startUpkeep } from "./wiring/upkeep.ts";
import { webInterface } from "./ui/mount_ui.ts";
import { selfTestAddress } from "./worker_permissions.ts";

/** A server that answers. */
export interface RunningServer {
  readonly grpcPort: number;
  readonly restPort: number;
  /** Stops accepting, finishes what runs, writes what waits, closes. Nothing acknowledged is lost. */
  stop(): Promise<void>;
}

interface Surroundings {
  readonly logger: Logger;
  readonly closing: Closing;
  readonly now: () => number;
  readonly checkIntegrity: IntegrityCheck;
}

/**
 * Puts the server together and starts it: state, fleet, policy, agents' listener, REST listener, in this order, and closed in
 * the reverse. What was opened is closed again if a later part fails.
 *
 * @param checkIntegrity reads all of the database somewhere else than in this thread.
 * @throws {Error} whose message says what to do; nothing listens then.
 */
export async function startServer(
  start: ServerStart,
  logger: Logger,
  checkIntegrity: IntegrityCheck,
): Promise<RunningServer> {
  const closing = new Closing(logger);
  const surroundings = { logger, closing, now: () => Date.now(), checkIntegrity };
  try {
    return await open(start, surroundings);
  } catch (error) {
    await surroundings.closing.close().catch((failure) =>
      logger.error("Cannot close after a failed start: {reason}", { reason: String(failure) })
    );
    throw error;
  }
}

async function open(start: ServerStart, surroundings: Surroundings): Promise<RunningServer> {
  const { config, folders, hostname } = start;
  const { logger, closing, now } = surroundings;
  const { listen, grpc_port, rest_port } = config.server;
  const serverHostname = config.server.hostname ?? hostname;
  const state = await openState(start, surroundings);
  const { store, authority, audit } = state;

  const freeze = new ConfigFreeze(new StoreFreezeBook(store, audit), now);
  const publisher = new ConfigPublisher({
    store: new VersionStore(folders.base, publishFilesWithin(folders.versions)),
    log: new StoreVersionLog(store, audit),
    knownHosts: () => knownHosts(fleet.index),
    nowMs: now,
    frozen: (what) => freeze.refusal(what),
    missingSecrets: (needs) => missingSecrets(needs, fleet.vault),
  });
  let ports = { grpc: grpc_port, rest: rest_port };
  const fleet: Fleet = await composeFleet({
    store,
    authority,
    audit,
    resolver: stacksPolicyResolver(publisher),
    logger,
    now,
    serverHostname,
    secrets: await LocalSecretBackend.open({
      folder: join(folders.secrets, "values"),
      key: authority.deriveKey(SECRET_KEY_PURPOSE),
      now,
    }),
    swarm: config.swarm,
    intervalMs: config.checkin.interval,
    bundleMaxAgeMs: config.checkin.bundle_max_age,
    renewGraceMs: config.envoys.renew_grace,
    grpcPort: () => ports.grpc,
    enrollCommand: (token) =>
      `VIGO_TOKEN=${token} sudo --preserve-env=VIGO_TOKEN vigo bootstrap ` +
      `--server https://${serverHostname}:${ports.rest} --pin '${authority.serverKeyPin}'`,
    seedFolder: folders.seed,
    blobFolder: folders.blobs,
    minFreePercent: start.minFreePercent,
  });
  const { index, agents, streams } = fleet;
  closing.add("the agents' listener", () => fleet.stop());
  const loaded = await publisher.reload();
  if (!loaded.ok) {
    logger.error("The published stacks cannot be used; envoys keep what they have: {reason}", {
      reason: loaded.reason,
    });
  }
  const retention = startUpkeep({
    store,
    publisher,
    minutes: fleet.minutes,
    retentionMs: config.database.retention,
    ...surroundings,
  });
  const metrics = new Metrics({
    fleet: () => fleetCounts(index, now()),
    sessions: () => streams.size,
    checkIns: () => fleet.checkIns.counts,
    secrets: () => fleet.secrets.counts,
    queues: () => ({
      ...fleet.queues.topics.totals(),
      blockedTopics: fleet.queueBlocks.values("topic").length,
      blockedKeys: fleet.queueBlocks.values("key").length,
    }),
    databaseBytes: state.databaseBytes,
  });
  closing.add("the event loop's watch", watchEventLoop((delayMs) => metrics.loopDelayed(delayMs)));
  const rest = await startRest(
    start,
    {
      state,
      fleet,
      publisher,
      freeze,
      retention,
      metrics,
      checkPolicy: () =>
        Promise.resolve(
          // Why is in the log: a reason may name hosts, and anybody may ask.
          loaded.ok || publisher.live() ? undefined : "the published stacks cannot be used",
        ),
    },
    surroundings,
  );
  ports = { ...ports, rest: rest.port };
  // After the REST listener, whose self-test also tells what is wrong on a runtime that cannot run the agents' listener.
  const agentListener = await agents.start(listen, grpc_port);
  ports = { ...ports, grpc: agentListener.port };
  closing.add(
    "the certificate's renewal",
    renewServerCertificate(authority, (identity) => {
      rest.setIdentity(identity);
      agentListener.setIdentity(identity);
    }, logger),
  );
  logger.info("The server is ready", { listen, grpcPort: ports.grpc, restPort: ports.rest });
  return { grpcPort: ports.grpc, restPort: ports.rest, stop: () => closing.close() };
}

async function startRest(
  { config, folders }: ServerStart,
  { state, fleet, publisher, freeze, retention, metrics, checkPolicy }: {
    state: ServerState;
    fleet: Fleet;
    publisher: ConfigPublisher;
    freeze: ConfigFreeze;
    retention: RetentionKeeper;
    metrics: Metrics;
    checkPolicy: HealthCheck;
  },
  { logger, closing, now }: Surroundings,
): Promise<HttpsListener> {
  const { store, authority, audit } = state;
  const { index, agents, envoys, editor, pushes, bundles } = fleet;
  const { enrolments, tokens, renewals, filecasts } = fleet;
  const certificates = new PeerCertificates();
  const trust = fleetTrust(
    index,
    (uuid, fingerprint) => fleet.fleetDocuments.wasRevoked(uuid, fingerprint),
  );
  const hasher = new PasswordHasher();
  const passwords = new PasswordCheck({ store, audit, hasher, now });
  const parts = { store, audit, hasher, passwords, now };
  const people = {
    passwords,
    users: new UserService(parts),
    tokens: new ApiTokenService(parts),
    sessions: new SessionService(parts),
  };
  closing.add("the sessions' upkeep", startSessionUpkeep(people.sessions, logger));
  const authenticator = new Authenticator({
    localToken: await mintLocalToken(`${folders.secrets}/local.token`),
    envoys: trust,
    tokens: people.tokens,
    sessions: people.sessions,
  });
  const health = new HealthChecks(
    [
      checkPolicy,
      () => Promise.resolve(agents.isServing ? undefined : "the agents' listener does not serve"),
      answerInTime(() => checkDatabase(store, logger), DATABASE_SILENT),
    ],
    () => [
      { name: "the CA", notAfterMs: authority.caNotAfterMs },
      { name: "the server's certificate", notAfterMs: authority.serverNotAfterMs },
    ],
    now,
  );
  const tasks = composeTasks({
    store,
    audit,
    fleet,
    now,
    healthCheckHosts: config.tasks.health_check_hosts,
    policy: publisher,
  });
  const workflows = await composeWorkflows({
    store,
    audit,
    tasks,
    desk: fleet.tasks,
    now,
    logger,
    closing,
  });
  const routes: RouteTable = {
    ...auditRoutes({ log: audit, repository: store.audit }),
    ...configRoutes({ publisher, freeze }),
    ...configViewRoutes(
      new ConfigViews({
        publisher,
        freeze,
        knownHosts: () => knownHosts(index),
        hostPolicies: () => hostPolicies(index, publisher.live()?.policyVersion),
      }),
    ),
    ...databaseRoutes({ store, retention, audit }),
    ...enrollRoutes({ enrolments, tokens, renewals, serverTime: fleet.serverTime }),
    ...envoyRoutes({ index, admin: envoys, editor, pushes }),
    ...fleetRoutes({ index, minutes: store.minutes, now }),
    ...peopleRoutes(people),
    ...queryRoutes({ index }),
    ...queueRoutes({
      queues: fleet.queues,
      blocks: fleet.queueBlocks,
      settings: queueSettings(config.swarm),
      store,
      fleetDocuments: fleet.fleetDocuments,
      countEnvoys: () => fleet.countQueueEnvoys(),
    }),
    ...puddleRoutes({
      index,
      evictions: fleet.puddleEvictions,
      topics: fleet.queues.topics,
      fleetDocuments: fleet.fleetDocuments,
    }),
    ...runRoutes({ runs: store.runs, bundles, index }),
    ...secretRoutes(fleet.vault, (path) => publisher.usersOfSecret(path)),
    ...swarmRoutes({ filecasts, overview: fleet.overview }),
    ...swarmPictureRoutes(fleet.pictures),
    ...taskRoutes(tasks, index),
    ...workflowRoutes(workflows),
    ...namedTaskRoutes(publisher),
  };
  const admission = new Admission(
    (context, isAutomatic) =>
      authenticator.authenticate(
        readCredentials(context, readClientCertificate(context, certificates), isAutomatic),
      ),
    new RequestBudgets(now),
  );
  const app = createApi({
    routes,
    admission,
    health,
    metrics,
    version: VERSION,
    logger,
    pages: webInterface({ routes, admission, now, logger }),
  });
  const { listen, rest_port } = config.server;
  const listener = await startHttpsListener({
    hostname: listen,
    port: rest_port,
    identity: authority.serverIdentity,
    ca: authority.caCertificate,
    app,
    onRefused: () => metrics.connectionRefused(),
  });
  closing.add("the REST listener", () => listener.stop());
  const identities = await makeSelfTestIdentities(authority, now());
  await trust.whileTrusting(identities.member, () =>
    assertClientCertificatesRecognised({
      hostname: selfTestAddress(listen),
      port: listener.port,
      ca: authority.caCertificate,
      ...identities,
    }));
  return listener;
}

const DATABASE_SILENT = "the database does not answer";

/** Why is for the log: anybody may ask whether the server is ready. */
async function checkDatabase(store: Store, logger: Logger): Promise<string | undefined> {
  try {
    await store.facts.get("fleet_document");
    return undefined;
  } catch (error) {
    logger.error("The database does not answer: {reason}", { reason: String(error) });
    return DATABASE_SILENT;
  }
}
