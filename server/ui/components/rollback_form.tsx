import type { Comparison } from "./compiled_difference.tsx";
import { ActionForm, Button, Field } from "./form.tsx";
import { Panel } from "./panel.tsx";

/** Makes the version that was compared live again: the action `rollback`. */
export function RollbackForm({ compared, csrfToken, message }: {
  compared: Pick<Comparison, "from" | "to" | "matchedHosts" | "refusedHosts">;
  csrfToken: string;
  /** What was typed, if it was refused. */
  message: string | undefined;
}) {
  return (
    <Panel title="Make this version live again">
      <ActionForm action="rollback" csrfToken={csrfToken} label="Roll back" className="form inline">
        <input type="hidden" name="from" value={compared.from ?? ""} />
        <input type="hidden" name="to" value={compared.to} />
        <Field
          name="message"
          label="Message"
          maxLength={500}
          value={message}
        />
        {compared.matchedHosts > 0 && compared.refusedHosts >= compared.matchedHosts && (
          <label>
            <input type="checkbox" name="allowRefused" value="yes" />{" "}
            although it compiles for nobody
          </label>
        )}
        <Button kind="main" ask="Make this version live on the whole fleet?">Roll back</Button>
      </ActionForm>
    </Panel>
  );
}
