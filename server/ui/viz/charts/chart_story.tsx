import type { Story } from "../../components/story.ts";
import { Chart } from "./chart.tsx";

const wave = (share: number): (number | undefined)[] =>
  Array.from({ length: 96 }, (_, at) => 10 + share * 6 * Math.sin(at / 9 + share));

export const chartStory: Story = {
  component: "chart",
  use: "Amounts over time, on top of each other; the same as a table goes inside it.",
  cases: [
    {
      name: "areas with a gap",
      show: () => (
        <Chart
          title="Envoys by state"
          note="12 of 14 converged"
          shape="areas"
          series={[
            { name: "Converged", kind: "ok", values: wave(1).with(40, undefined) },
            { name: "Failed", kind: "bad", values: wave(0.2).with(40, undefined) },
          ]}
          gap="The server did not run"
          write={(amount) => String(Math.round(amount))}
          times={["24 h ago", "12 h ago", "now"]}
        />
      ),
    },
    {
      name: "bars",
      show: () => (
        <Chart
          title="Runs per hour"
          shape="bars"
          series={[{ name: "Runs", kind: "busy", values: [3, 0, 7, undefined, 12, 1, 0, 4] }]}
          write={(amount) => String(amount)}
          times={["8 h ago", "now"]}
        >
          <p>A table goes here.</p>
        </Chart>
      ),
    },
    {
      name: "nothing known",
      show: () => (
        <Chart
          title="Swarm throughput"
          shape="areas"
          series={[{ name: "Bytes", kind: "peer", values: [] }]}
          write={(amount) => String(amount)}
          times={["24 h ago", "12 h ago", "now"]}
        />
      ),
    },
  ],
};
