import { ActionForm, Button, Checkbox, Field, Select, TextArea } from "./form.tsx";
import type { Story } from "./story.ts";

const FORM = { csrfToken: "token", label: "A form" };

export const formStory: Story = {
  component: "form",
  use: "Whatever is sent: each form has the token of its session and says what it does.",
  cases: [
    {
      name: "fields of every kind",
      show: () => (
        <ActionForm {...FORM} action="story" className="form grid">
          <TextArea name="command" label="Command" value="uptime; df -h" hint="Run as root" />
          <Field name="target" label="Target" isMono placeholder="web-*" isRequired />
          <Field name="times" label="Times" type="number" hint="A whole number" />
          <Select
            name="role"
            label="Role"
            value="admin"
            options={[["viewer", "viewer"], ["admin", "admin"]]}
          />
          <Checkbox name="force" label="Although it is refused" hint="That is recorded" />
          <div class="form-end">
            <Button kind="main">Do it</Button>
            <Button>Look first</Button>
            <Button kind="danger" ask="Really?">Remove</Button>
            <Button kind="small">Small</Button>
          </div>
        </ActionForm>
      ),
    },
    {
      name: "in a line",
      show: () => (
        <ActionForm {...FORM} label="Another form" action="tag" className="form inline">
          <Field name="tag" label="Tag" idPrefix="line" suggestions={["role=web", "role=db"]} />
          <Button>Set</Button>
        </ActionForm>
      ),
    },
  ],
};
