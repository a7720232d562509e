import { type Browser, chromium, type Page } from "playwright-core";
import { z } from "zod";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { findBrowser } from "../browser/find_browser.ts";
import { SwarmStage } from "../support/swarm_stage.ts";
import { type BenchReport, type BenchRow, describeMachine } from "./bench_report.ts";
import { numbered } from "./enrol_many.ts";
import type { BenchOptions, Progress } from "./main.ts";

/** How long frames are counted, in ms, once a picture has come to rest. */
const WATCHED_MS = 8_000;
/** Until the first picture of a thousand nodes stands still. */
const SETTLING_MS = 12_000;
const CHUNKS = 4_096;
const CAST = sha256Hex("what the benchmark casts");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];

interface UiCase {
  readonly name: string;
  readonly envoys: number;
  readonly path: string;
  /** Chunks that each envoy gets a second while frames are counted, and from how many others. */
  readonly chunksASecond: number;
  readonly sources: number;
}

const CASES: readonly UiCase[] = [
  { name: "swarm_1000_at_rest", envoys: 1_000, path: "/swarm", chunksASecond: 0, sources: 1 },
  { name: "swarm_1000_flowing", envoys: 1_000, path: "/swarm", chunksASecond: 20, sources: 5 },
  {
    name: "chunks_4096_of_100",
    envoys: 100,
    path: `/swarm/filecast/${CAST}`,
    chunksASecond: 60,
    sources: 5,
  },
  {
    name: "chunks_4096_of_1000",
    envoys: 1_000,
    path: `/swarm/filecast/${CAST}`,
    chunksASecond: 20,
    sources: 5,
  },
];

const framesSchema = z.array(z.number());

/**
 * How smooth the pictures of the swarm are: times between the frames of a real browser (`requestAnimationFrame`), drawn
 * without a graphics card, while reports come in as they do from a fleet that downloads.
 */
export async function benchUi(progress: Progress, { rows }: BenchOptions): Promise<BenchReport> {
  const report = { bench: "ui", machine: describeMachine() };
  const executablePath = findBrowser();
  if (executablePath === undefined) {
    return { ...report, rows: [], skipped: ["all: no Chromium; install it (Debian: chromium)"] };
  }
  const cases = CASES.filter(({ name }) => rows.length === 0 || rows.includes(name));
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const measured: BenchRow[] = [];
    for (const one of cases) {
      progress(`${one.name}: ${one.envoys} envoys`);
      measured.push(...await measure(browser, one));
    }
    return { ...report, rows: measured, skipped: [] };
  } finally {
    await browser.close();
  }
}

async function measure(browser: Browser, one: UiCase): Promise<BenchRow[]> {
  const { envoys, path, chunksASecond } = one;
  await using stage = await SwarmStage.open(
    numbered("web", envoys).map((hostname) => ({ hostname })),
    [{ sha256: CAST, label: "release.tar", chunks: CHUNKS }],
  );
  const download = new Download(stage, one);
  download.report(0);
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 900 },
  });
  const page = await context.newPage();
  await page.goto(stage.url + path);
  const reporting = setInterval(() => download.report(chunksASecond), 1_000);
  try {
    await page.waitForTimeout(SETTLING_MS);
    const frames = await watchFrames(page);
    return describe(one.name, frames);
  } finally {
    clearInterval(reporting);
    await context.close();
  }
}

/** Times between frames, in ms. */
async function watchFrames(page: Page): Promise<number[]> {
  return framesSchema.parse(
    await page.evaluate(`new Promise((resolve) => {
      const times = [];
      let before = performance.now();
      const until = before + ${WATCHED_MS};
      requestAnimationFrame(function watch() {
        const now = performance.now();
        times.push(now - before);
        before = now;
        if (now < until) requestAnimationFrame(watch);
        else resolve(times);
      });
    })`),
  );
}

function describe(name: string, frames: readonly number[]): BenchRow[] {
  const sorted = frames.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  const row = (metric: string, value: number, unit: string): BenchRow => ({
    case: name,
    subject: "vigo",
    metric,
    value,
    unit,
  });
  const seconds = frames.reduce((sum, ms) => sum + ms, 0) / 1000;
  return [
    row("frames_per_second", frames.length / seconds, "1/s"),
    row("p50", at(0.5), "ms"),
    row("p99", at(0.99), "ms"),
    row("max", at(1), "ms"),
  ];
}

/** A cast that all envoys fetch from each other, the same at every run. */
class Download {
  readonly #stage: SwarmStage;
  readonly #maps: Uint8Array[];
  readonly #sources: string[][];

  constructor(stage: SwarmStage, { sources }: UiCase) {
    this.#stage = stage;
    const { envoys } = stage;
    this.#maps = envoys.map(() => new Uint8Array(CHUNKS));
    this.#sources = envoys.map((_, at) =>
      Array.from(
        { length: sources },
        (_, place) =>
          place === 0
            ? "vigo-1"
            : envoys[(at * 7 + place * 131) % envoys.length]?.record.hostname ?? "vigo-1",
      )
    );
  }

  /** Each envoy reports so many chunks more, from all of its sources in turn. */
  report(chunks: number): void {
    for (const [at, envoy] of this.#stage.envoys.entries()) {
      const map = this.#maps[at]?.slice() ?? new Uint8Array(CHUNKS);
      const sources = this.#sources[at] ?? [];
      let next = (at * 37) % CHUNKS;
      for (let given = 0, tried = 0; given < chunks && tried < CHUNKS; tried += 1) {
        if (map[next] === 0) {
          map[next] = 1 + given % sources.length;
          given += 1;
        }
        next = (next + 1) % CHUNKS;
      }
      this.#maps[at] = map;
      this.#stage.report(envoy, [{ sha256: CAST, status: "downloading", chunks: map, sources }]);
    }
  }
}
