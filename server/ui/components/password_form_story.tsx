import { PasswordForm } from "./password_form.tsx";
import type { Story } from "./story.ts";

export const passwordFormStory: Story = {
  component: "password_form",
  use: "Changes one's own password.",
  cases: [{ name: "empty", show: () => <PasswordForm name="ann" csrfToken="x" /> }],
};
