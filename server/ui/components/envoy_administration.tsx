import type { EnvoyDetail } from "../../../shared/rest/envoys.ts";
import { ActionForm, Button, Checkbox, Field } from "./form.tsx";

/** What is done to a machine: the actions `push`, `accept` and `revoke` of its page. */
export function EnvoyAdministration({ envoy, mayAdminister, csrfToken, revoking }: {
  envoy: Pick<EnvoyDetail, "hostname" | "state">;
  /** Whether the reader may settle and end identities, not only have it check in. */
  mayAdminister: boolean;
  csrfToken: string;
  /** What was typed, if revoking was refused. */
  revoking: { readonly reason: string } | undefined;
}) {
  const { hostname, state } = envoy;
  return (
    <div class="form">
      <ActionForm
        action="push"
        csrfToken={csrfToken}
        label="Have it check in now"
        className="form inline"
      >
        <Button>Have it check in now</Button>
        <Checkbox name="force" label="and send the whole policy again" />
      </ActionForm>
      {mayAdminister && state === "cloned?" && (
        <ActionForm action="accept" csrfToken={csrfToken} label="Accept">
          <p>
            Accept it if there is one machine only, such as after it was restored from a snapshot.
          </p>
          <div class="form-end">
            <Button>Accept it as it is</Button>
          </div>
        </ActionForm>
      )}
      {mayAdminister && (
        <details class="more" open={revoking !== undefined}>
          <summary>Revoke its identity</summary>
          <ActionForm action="revoke" csrfToken={csrfToken} label="Revoke its identity">
            <p>
              It is cut off at once, what it seeds is revoked, and this identity may never enrol
              again. The machine itself is not changed.
            </p>
            <div class="form grid">
              <Field
                name="confirm"
                label={`Write ${hostname} to confirm`}
                isMono
                isRequired
                idPrefix="revoke"
              />
              <Field
                name="reason"
                label="Reason"
                idPrefix="revoke"
                value={revoking?.reason}
              />
            </div>
            <div class="form-end">
              <Button kind="danger">Revoke for good</Button>
            </div>
          </ActionForm>
        </details>
      )}
    </div>
  );
}
