import { auditList, auditVerify } from "./audit.ts";
import {
  configDiff,
  configFreeze,
  configHistory,
  configPublish,
  configRollback,
  configUnfreeze,
  configValidate,
} from "./config.ts";
import {
  configReference,
  configSchema,
  configSearch,
  configStatus,
  configTrace,
  configTree,
} from "./config_views.ts";
import { dbIntegrity, dbPrune, dbStats, dbVacuum } from "./database.ts";
import {
  enroll,
  enrollTokenCreate,
  enrollTokenList,
  enrollTokenRevoke,
  renew,
  renewNonce,
  serverTime,
} from "./enroll.ts";
import {
  envoyAccept,
  envoyList,
  envoyPush,
  envoyPushShow,
  envoyQuery,
  envoyRemove,
  envoyRename,
  envoyRevoke,
  envoyShow,
  envoyTag,
} from "./envoys.ts";
import { fleetMinutes } from "./fleet.ts";
import { runGraph, runList, runShow } from "./runs.ts";
import {
  secretDelete,
  secretList,
  secretReveal,
  secretRotate,
  secretSet,
  secretShow,
} from "./secrets.ts";
import {
  filecastBroken,
  filecastDistribute,
  filecastList,
  filecastPurge,
  filecastRevoke,
  filecastShow,
} from "./swarm.ts";
import { swarmPeers, swarmStatus } from "./swarm_substrate.ts";

/** Where every endpoint below is mounted. */
export const API_PREFIX = "/api/v1";

/** The whole REST contract: the server mounts each of these, the OpenAPI document describes each of these. */
export const CONTRACT = {
  auditList,
  auditVerify,
  configDiff,
  configFreeze,
  configHistory,
  configPublish,
  configReference,
  configRollback,
  configSchema,
  configSearch,
  configStatus,
  configTrace,
  configTree,
  configUnfreeze,
  configValidate,
  dbIntegrity,
  dbPrune,
  dbStats,
  dbVacuum,
  enroll,
  enrollTokenCreate,
  enrollTokenList,
  enrollTokenRevoke,
  envoyAccept,
  envoyList,
  envoyPush,
  envoyPushShow,
  envoyQuery,
  envoyRemove,
  envoyRename,
  envoyRevoke,
  envoyShow,
  envoyTag,
  filecastBroken,
  filecastDistribute,
  filecastList,
  filecastPurge,
  filecastRevoke,
  filecastShow,
  fleetMinutes,
  renew,
  renewNonce,
  runGraph,
  runList,
  runShow,
  secretDelete,
  secretList,
  secretReveal,
  secretRotate,
  secretSet,
  secretShow,
  serverTime,
  swarmPeers,
  swarmStatus,
} as const;
