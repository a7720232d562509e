import type { Minute } from "../../../../shared/rest/fleet.ts";
import { formatBytes } from "../../../../shared/terminal/bytes.ts";
import { type Column, Table } from "../../components/table.tsx";
import { type Bucket, bucketMinutes } from "./bucket_minutes.ts";
import { Chart, type Series } from "./chart.tsx";

/** Parts of the day that are drawn: a quarter of an hour each, or an hour where they are counted. */
const QUARTERS = 96;
const HOURS = 24;
const HOUR_MS = 3_600_000;

/** The last day of the fleet: check-ins, convergence, runs, and what the swarm carried. */
export function OverviewCharts({ minutes, nowMs, checkInsPerSecond }: {
  /** As `GET /fleet/minutes` answers them. */
  minutes: readonly Minute[];
  nowMs: number;
  /** As the figure beside the charts tells it; `null` if nothing is known of the present. */
  checkInsPerSecond: number | null;
}) {
  const quarters = bucketMinutes(minutes, nowMs, QUARTERS);
  const hours = bucketMinutes(minutes, nowMs, HOURS);
  // As distances: no reader has to know in which time zone the server lives, and no day begins in between.
  const times = ["24 h ago", "18 h", "12 h", "6 h", "now"];
  // A server that came back just now does not say for the present what was before.
  const latest = quarters.at(-1);
  return (
    <div class="charts">
      <Chart
        title="Check-ins per second"
        note={checkInsPerSecond !== null && `${writeRate(checkInsPerSecond)} now`}
        shape="areas"
        series={[series("Check-ins", "accent", quarters, (one) => perSecond(one, one.checkIns))]}
        write={writeRate}
        least={0.1}
        times={times}
        gap="The server did not run"
      >
        <HourTable
          label="Check-ins by hour"
          hours={hours}
          columns={[count("Check-ins", ({ checkIns }) => checkIns)]}
        />
      </Chart>
      <Chart
        title="Envoys by state"
        note={latest && `${latest.converged} of ${totalOf(latest)} converged`}
        shape="areas"
        series={[
          series("Converged", "ok", quarters, ({ converged }) => converged),
          series("Degraded", "warn", quarters, ({ degraded }) => degraded),
          series("Failed", "bad", quarters, ({ failed }) => failed),
          series("No data", "none", quarters, ({ noData }) => noData),
        ]}
        write={writeCount}
        least={4}
        times={times}
        gap="The server did not run"
      >
        <HourTable
          label="Envoys by state, at the end of each hour"
          hours={hours}
          columns={[
            count("Converged", ({ converged }) => converged),
            count("Degraded", ({ degraded }) => degraded),
            count("Failed", ({ failed }) => failed),
            count("No data", ({ noData }) => noData),
            count("Online", ({ online }) => online),
          ]}
        />
      </Chart>
      <Chart
        title="Runs per hour"
        note="that changed something or did not converge"
        shape="bars"
        series={[series("Runs", "busy", hours, ({ runs }) => runs)]}
        write={writeCount}
        least={4}
        times={times}
        gap="The server did not run"
      >
        <HourTable
          label="Runs by hour"
          hours={hours}
          columns={[count("Runs", ({ runs }) => runs)]}
        />
      </Chart>
      <Chart
        title="Swarm throughput"
        note={<SwarmShare hours={hours} />}
        shape="bars"
        series={[
          series("From other envoys", "peer", quarters, (one) => perSecond(one, one.peerBytes)),
          series("From the origin", "accent", quarters, (one) => perSecond(one, one.originBytes)),
          series("From the server", "warn", quarters, (one) => perSecond(one, one.serverBytes)),
        ]}
        write={(bytes) => `${formatBytes(Math.round(bytes))}/s`}
        least={1_000}
        times={times}
        gap="The server did not run"
      >
        <HourTable
          label="Bytes of filecasts by hour and source"
          hours={hours}
          columns={[
            bytes("From other envoys", ({ peerBytes }) => peerBytes),
            bytes("From the origin", ({ originBytes }) => originBytes),
            bytes("From the server", ({ serverBytes }) => serverBytes),
          ]}
        />
      </Chart>
    </div>
  );
}

function SwarmShare({ hours }: { hours: readonly (Bucket | undefined)[] }) {
  let all = 0, peers = 0;
  for (const hour of hours) {
    if (!hour) continue;
    all += hour.originBytes + hour.peerBytes + hour.serverBytes;
    peers += hour.peerBytes;
  }
  if (all === 0) return <>no filecast moved</>;
  return <>{`${formatBytes(all)}, ${Math.round(peers / all * 100)} % between envoys`}</>;
}

/** Hours with something in them, the newest first. */
function HourTable({ label, hours, columns }: {
  label: string;
  hours: readonly (Bucket | undefined)[];
  columns: readonly Column<Bucket>[];
}) {
  const rows = hours.filter((hour) => hour !== undefined).toReversed();
  const time: Column<Bucket> = {
    name: "From (UTC)",
    isHeading: true,
    cell: ({ startMs }) => {
      const iso = new Date(startMs).toISOString();
      const end = new Date(startMs + HOUR_MS).toISOString().slice(11, 16);
      return <time datetime={iso}>{`${iso.slice(5, 10)} ${iso.slice(11, 16)}–${end}`}</time>;
    },
  };
  return <Table label={label} columns={[time, ...columns]} rows={rows} />;
}

function series(
  name: string,
  kind: Series["kind"],
  buckets: readonly (Bucket | undefined)[],
  read: (bucket: Bucket) => number,
): Series {
  return { name, kind, values: buckets.map((bucket) => bucket && read(bucket)) };
}

function count(name: string, read: (bucket: Bucket) => number): Column<Bucket> {
  return { name, isNumber: true, cell: (bucket) => writeCount(read(bucket)) };
}

function bytes(name: string, read: (bucket: Bucket) => number): Column<Bucket> {
  return { name, isNumber: true, cell: (bucket) => formatBytes(read(bucket)) };
}

function perSecond({ seenMs }: Bucket, amount: number): number {
  return amount / (seenMs / 1000);
}

function totalOf({ converged, degraded, failed, noData }: Bucket): number {
  return converged + degraded + failed + noData;
}

/** A rate, as every part of a page tells it. */
export function writeRate(rate: number): string {
  if (rate === 0) return "0";
  return rate >= 10 ? String(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}

function writeCount(amount: number): string {
  return amount >= 1 && amount % 1 !== 0
    ? amount.toFixed(1)
    : String(Number(amount.toPrecision(6)));
}
