import { HOSTILE, LONG, type Story } from "./story.ts";
import { type Column, Table } from "./table.tsx";
import { Word } from "./text.tsx";

const ROWS = [
  { hostname: "web-1", bytes: 19_000, note: "as wanted" },
  { hostname: LONG, bytes: 7, note: HOSTILE },
];
const COLUMNS: readonly Column<typeof ROWS[number]>[] = [
  {
    name: "Envoy",
    isHeading: true,
    sort: { href: "#table", direction: "ascending" },
    cell: ({ hostname }) => <Word>{hostname}</Word>,
  },
  {
    name: "Bytes",
    isNumber: true,
    sort: { href: "#table", direction: undefined },
    cell: ({ bytes }) => bytes,
  },
  { name: "Note", cell: ({ note }) => <Word>{note}</Word> },
];

export const tableStory: Story = {
  component: "table",
  use: "Every list. Where there is no room for columns, rows become blocks.",
  cases: [{
    name: "long names and hostile words",
    show: () => <Table label="Envoys" columns={COLUMNS} rows={ROWS} />,
  }],
};
