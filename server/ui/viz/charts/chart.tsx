import type { Child } from "hono/jsx";
import { niceCeiling } from "./nice_ceiling.ts";
import { areaPaths, barPaths, gapPath } from "./chart_paths.ts";

/** The look of a series; each has a colour in both schemes. */
export type SeriesKind = "ok" | "busy" | "warn" | "bad" | "none" | "accent" | "peer";

/** What is drawn on top of each other, from the bottom up. */
export interface Series {
  readonly name: string;
  readonly kind: SeriesKind;
  /** One for each part of the time; `undefined` where nothing is known. */
  readonly values: readonly (number | undefined)[];
}

/**
 * Amounts over time, as areas or as bars. The lines are for the eye; `children` is the same as a table, for everybody.
 */
export function Chart({ title, note, series, shape, write, times, gap, least, children }: {
  title: string;
  /** The present, in words. */
  note?: Child;
  series: readonly Series[];
  shape: "areas" | "bars";
  /** Writes an amount. */
  write: (amount: number) => string;
  /** What moments at equal distances are called, the left and the right end among them. */
  times: readonly string[];
  /** Why nothing is known of a part of the time; without this it is left blank. */
  gap?: string;
  /** The least that the axis reaches. */
  least?: number;
  children?: Child;
}) {
  const count = Math.max(0, ...series.map(({ values }) => values.length));
  const sums = Array.from(
    { length: count },
    (_, at) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0),
  );
  const top = niceCeiling(Math.max(0, ...sums), least);
  const paths = (shape === "bars" ? barPaths : areaPaths)(series.map(({ values }) => values), top);
  const isEmpty = series.every(({ values }) => values.every((value) => value === undefined));
  const gaps = isEmpty || gap === undefined ? "" : gapPath(series.map(({ values }) => values));
  const ticks = times.slice(1, -1).map((_, at) =>
    `M${(at + 1) / (times.length - 1) * count} 0V100`
  );
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <span class="chart-title">{title}</span>
        {note && <span class="chart-note">{note}</span>}
      </figcaption>
      <div class="chart-box" aria-hidden="true">
        <div class="chart-y">
          <span>{write(top)}</span>
          <span>{write(top / 2)}</span>
          <span>0</span>
        </div>
        <div class="chart-plot">
          <svg viewBox={`0 0 ${Math.max(1, count)} 100`} preserveAspectRatio="none">
            <path class="chart-gap" d={gaps} />
            <path
              class="chart-grid"
              d={isEmpty
                ? `M0 100H${count}`
                : `M0 0H${count}M0 50H${count}M0 100H${count}${ticks.join("")}`}
            />
            {paths.map((d, at) => <path class={`chart-${shape} ${series[at]?.kind}`} d={d} />)}
          </svg>
          {isEmpty && <p class="chart-empty">Nothing is known of this time yet.</p>}
        </div>
        <div class="chart-x">{times.map((time) => <span>{time}</span>)}</div>
      </div>
      {(series.length > 1 || gaps !== "") && (
        <ul class="chart-legend" aria-hidden="true">
          {series.length > 1 && series.map(({ name, kind }) => (
            <li>
              <span class={`swatch ${kind}`} />
              {name}
            </li>
          ))}
          {gaps !== "" && (
            <li>
              <span class="swatch unknown" />
              {gap}
            </li>
          )}
        </ul>
      )}
      {children && (
        <details class="more">
          <summary>As a table</summary>
          {children}
        </details>
      )}
    </figure>
  );
}
