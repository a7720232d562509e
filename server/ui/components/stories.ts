import { castPartsStory } from "../viz/cast_parts_story.tsx";
import { chartStory } from "../viz/charts/chart_story.tsx";
import { overviewChartsStory } from "../viz/charts/overview_charts_story.tsx";
import { timelineChartStory } from "../viz/charts/timeline_chart_story.tsx";
import type { Story } from "./story.ts";
import { diffStory } from "./diff_story.tsx";
import { formStory } from "./form_story.tsx";
import { hostPolicyStory } from "./host_policy_story.tsx";
import { layoutStory } from "./layout_story.tsx";
import { liveStory } from "./live_story.tsx";
import { noticeStory } from "./notice_story.tsx";
import { pagerStory } from "./pager_story.tsx";
import { panelStory } from "./panel_story.tsx";
import { partialStory } from "./partial_story.tsx";
import { rowsStory } from "./rows_story.tsx";
import { runGraphStory } from "./run_graph_story.tsx";
import { statusStory } from "./status_story.tsx";
import { tableStory } from "./table_story.tsx";
import { targetFilterStory } from "./target_filter_story.tsx";
import { textStory } from "./text_story.tsx";
import { timeStory } from "./time_story.tsx";
import { treeStory } from "./tree_story.tsx";

/** One for each component; `deno task ui` shows them. */
export const STORIES: readonly Story[] = [
  diffStory,
  formStory,
  hostPolicyStory,
  layoutStory,
  liveStory,
  noticeStory,
  pagerStory,
  panelStory,
  partialStory,
  rowsStory,
  runGraphStory,
  statusStory,
  tableStory,
  targetFilterStory,
  textStory,
  timeStory,
  treeStory,
  castPartsStory,
  chartStory,
  overviewChartsStory,
  timelineChartStory,
];
