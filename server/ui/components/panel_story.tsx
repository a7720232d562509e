import { Facts, Figure, Figures, Panel } from "./panel.tsx";
import { LONG, type Story } from "./story.ts";

export const panelStory: Story = {
  component: "panel",
  use: "A part of a page, names with values, and numbers that matter.",
  cases: [
    {
      name: "figures",
      show: () => (
        <Figures>
          <Figure label="Online" value={998} note="of 1000 envoys" kind="warn" href="#figures" />
          <Figure label="Failed" value={2} kind="bad" />
          <Figure label="Converged" value={996} kind="ok" />
          <Figure label="Check-ins" value="16.7" note="a second" />
        </Figures>
      ),
    },
    {
      name: "facts in a panel",
      show: () => (
        <Panel title="An envoy" note="as it is" tools={<a href="#facts">All of them</a>}>
          <Facts facts={[["Hostname", LONG], ["Resources", 4], ["Agent", "0.1.0"]]} />
        </Panel>
      ),
    },
  ],
};
