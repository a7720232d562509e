import { HOSTILE, LONG, type Story } from "./story.ts";
import { TagEditor } from "./tag_editor.tsx";

const TAGS = { role: "db", "viz.color": "#0f8", drained: "", owner: HOSTILE, note: LONG };

export const tagEditorStory: Story = {
  component: "tag_editor",
  use: "Tags of a machine, to read or to change.",
  cases: [
    {
      name: "to change, with what was refused",
      show: () => <TagEditor tags={TAGS} canEdit csrfToken="x" typed="rôle=db" />,
    },
    {
      name: "to read",
      show: () => <TagEditor tags={TAGS} canEdit={false} csrfToken="" typed={undefined} />,
    },
    {
      name: "none",
      show: () => <TagEditor tags={{}} canEdit={false} csrfToken="" typed={undefined} />,
    },
  ],
};
