import { castPartsStory } from "../viz/cast_parts_story.tsx";
import { chartStory } from "../viz/charts/chart_story.tsx";
import { overviewChartsStory } from "../viz/charts/overview_charts_story.tsx";
import { timelineChartStory } from "../viz/charts/timeline_chart_story.tsx";
import type { Story } from "./story.ts";
import { compiledDifferenceStory } from "./compiled_difference_story.tsx";
import { diffStory } from "./diff_story.tsx";
import { envoyAdministrationStory } from "./envoy_administration_story.tsx";
import { envoyStateStory } from "./envoy_state_story.tsx";
import { formStory } from "./form_story.tsx";
import { hostPolicyStory } from "./host_policy_story.tsx";
import { layoutStory } from "./layout_story.tsx";
import { liveStory } from "./live_story.tsx";
import { liveVersionStory } from "./live_version_story.tsx";
import { noEnvoysStory } from "./no_envoys_story.tsx";
import { noticeStory } from "./notice_story.tsx";
import { pagerStory } from "./pager_story.tsx";
import { panelStory } from "./panel_story.tsx";
import { partialStory } from "./partial_story.tsx";
import { passwordFormStory } from "./password_form_story.tsx";
import { peopleRowsStory } from "./people_rows_story.tsx";
import { rollbackFormStory } from "./rollback_form_story.tsx";
import { rowsStory } from "./rows_story.tsx";
import { runGraphStory } from "./run_graph_story.tsx";
import { sessionRowsStory } from "./session_rows_story.tsx";
import { statusStory } from "./status_story.tsx";
import { tableStory } from "./table_story.tsx";
import { tagEditorStory } from "./tag_editor_story.tsx";
import { targetFilterStory } from "./target_filter_story.tsx";
import { targetTasksStory } from "./target_tasks_story.tsx";
import { textStory } from "./text_story.tsx";
import { timeStory } from "./time_story.tsx";
import { tokenRowsStory } from "./token_rows_story.tsx";
import { treeStory } from "./tree_story.tsx";
import { versionRowsStory } from "./version_rows_story.tsx";

/** One for each component; `deno task ui` shows them. */
export const STORIES: readonly Story[] = [
  compiledDifferenceStory,
  diffStory,
  envoyAdministrationStory,
  envoyStateStory,
  formStory,
  hostPolicyStory,
  layoutStory,
  liveStory,
  liveVersionStory,
  noEnvoysStory,
  noticeStory,
  pagerStory,
  panelStory,
  partialStory,
  passwordFormStory,
  peopleRowsStory,
  rollbackFormStory,
  rowsStory,
  runGraphStory,
  sessionRowsStory,
  statusStory,
  tableStory,
  tagEditorStory,
  targetFilterStory,
  targetTasksStory,
  textStory,
  timeStory,
  tokenRowsStory,
  treeStory,
  versionRowsStory,
  castPartsStory,
  chartStory,
  overviewChartsStory,
  timelineChartStory,
];
