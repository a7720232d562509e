import type { SessionInfo } from "../../../shared/rest/session.ts";
import { ActionForm, Button } from "./form.tsx";
import { Status } from "./status.tsx";
import { Table } from "./table.tsx";
import { Time } from "./time.tsx";

/** One's own sessions; ending one is the action `end-session`. */
export function SessionRows({ sessions, nowMs, csrfToken }: {
  sessions: readonly SessionInfo[];
  nowMs: number;
  csrfToken: string;
}) {
  return (
    <Table
      label="Your sessions"
      rows={sessions}
      columns={[
        {
          name: "Session",
          isHeading: true,
          cell: ({ id, current }) => (
            <span>
              <code>{id}</code> {current && <Status kind="ok">this one</Status>}
            </span>
          ),
        },
        { name: "Begun", cell: ({ createdAtMs }) => <Time ms={createdAtMs} nowMs={nowMs} /> },
        { name: "Used", cell: ({ activeAtMs }) => <Time ms={activeAtMs} nowMs={nowMs} /> },
        {
          name: "Do",
          cell: ({ id, current }) =>
            current ? null : (
              <ActionForm
                action="end-session"
                csrfToken={csrfToken}
                label={`End session ${id}`}
                className="in-row"
              >
                <input type="hidden" name="id" value={id} />
                <Button kind="small">End it</Button>
              </ActionForm>
            ),
        },
      ]}
    />
  );
}
