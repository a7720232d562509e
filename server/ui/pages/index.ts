import type { Page } from "../page.ts";
import { chunkMapPage } from "../viz/chunk_map_page.tsx";
import { payloadListPage } from "../viz/payload_list_page.tsx";
import { payloadPage } from "../viz/payload_page.tsx";
import { swarmPage } from "../viz/swarm_page.tsx";
import { auditPage } from "./audit_page.tsx";
import { configPage } from "./config_page.tsx";
import { envoyPage } from "./envoy_page.tsx";
import { envoysPage } from "./envoys_page.tsx";
import { overviewPage } from "./overview_page.tsx";
import { poolqPage } from "./poolq_page.tsx";
import { puddlePage } from "./puddle_page.tsx";
import { runPage } from "./run_page.tsx";
import { runsPage } from "./runs_page.tsx";
import { settingsPage } from "./settings_page.tsx";
import { taskPage } from "./task_page.tsx";
import { tasksPage } from "./tasks_page.tsx";

/** Every page, in the order of the menu. One that is not here is neither served nor linked. */
export const PAGES: readonly Page[] = [
  overviewPage,
  envoysPage,
  envoyPage,
  runsPage,
  runPage,
  tasksPage,
  taskPage,
  swarmPage,
  payloadListPage,
  payloadPage,
  chunkMapPage,
  puddlePage,
  poolqPage,
  configPage,
  auditPage,
  settingsPage,
];
