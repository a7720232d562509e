import { type GraphResource, RunGraph } from "./run_graph.tsx";
import { HOSTILE, type Story } from "./story.ts";

function resource(
  id: string,
  outcome: GraphResource["outcome"],
  ...dependsOn: string[]
): GraphResource {
  return {
    id,
    type: id.split(":")[0] ?? "",
    crate: "web",
    source: "configcrates/web.vgo:5",
    dependsOn,
    notify: [],
    outcome,
    cause: null,
  };
}

export const runGraphStory: Story = {
  component: "run_graph",
  use: "The resources of a run, each right of what it depends on.",
  cases: [{
    name: "every outcome",
    show: () => (
      <RunGraph
        resources={[
          resource("package:nginx", "none"),
          resource("directory:/etc/nginx/conf.d", "created", "package:nginx"),
          resource(
            `file:/etc/nginx/conf.d/${"long".repeat(20)}`,
            "updated",
            "directory:/etc/nginx/conf.d",
          ),
          resource(`file:${HOSTILE}`, "blocked", "package:nginx"),
          resource("exec:always-fails", "failed"),
          resource("service:nginx", "skipped", "exec:always-fails", "directory:/etc/nginx/conf.d"),
        ]}
      />
    ),
  }],
};
