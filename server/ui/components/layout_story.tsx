import { Mark } from "./layout.tsx";
import type { Story } from "./story.ts";

export const layoutStory: Story = {
  component: "layout",
  use: "The frame around every page, this one too: menu, heading, address of the JSON.",
  cases: [{
    name: "the sign",
    show: () => (
      <p class="login-mark">
        <Mark />vigo
      </p>
    ),
  }],
};
