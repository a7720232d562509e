import assert from "node:assert/strict";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { TestFleet } from "../support/test_fleet.ts";
import { findBrowser } from "./find_browser.ts";
import { WatchedBrowser } from "./watched_browser.ts";

export const ADMIN = "ann";
export const VIEWER = "bob";
export const PASSWORD = "correct horse battery";
/** Ignored by git. */
export const SCREENSHOTS = "tests/browser/screenshots";

/** What the steps of the browser tests share: one server with agents, and one browser that is logged in. */
export interface BrowserStage {
  readonly fleet: TestFleet;
  readonly browser: WatchedBrowser;
}

/**
 * Starts a server, its own host's agent and those of `hostnames`, with people, and a browser.
 *
 * @throws {Error} what `play` threw, with the last lines of every process.
 */
export async function onStage(
  hostnames: readonly string[],
  play: (stage: BrowserStage) => Promise<void>,
): Promise<void> {
  await using folder = await TemporaryRoot.create();
  await using fleet = await TestFleet.layOut(folder.path, ["hub", ...hostnames]);
  try {
    await fleet.startServer();
    await Promise.all([addPeople(fleet), fleet.join()]);
    await using browser = await WatchedBrowser.start(findBrowser() ?? "", fleet.restUrl);
    await play({ fleet, browser });
    browser.assertNoFaults();
  } catch (cause) {
    throw new Error(`${cause instanceof Error ? cause.message : cause}\n${fleet.logs()}`, {
      cause,
    });
  }
}

async function addPeople(fleet: TestFleet): Promise<void> {
  for (const [name, role] of [[ADMIN, "admin"], [VIEWER, "viewer"]] as const) {
    const answer = await fleet.api("/users", {
      method: "POST",
      json: { name, role, password: PASSWORD },
    });
    assert.equal(answer.status, 200, answer.text);
  }
}

/** How many pixels of a row of figures are left empty at its end. */
const HOLE = `Math.max(0, ...[...document.querySelectorAll(".figures")].map((row) =>
  row.getBoundingClientRect().right - row.lastElementChild.getBoundingClientRect().right))`;

/** Fails if a page is wider than a telephone, or leaves a hole between its figures there. */
export async function assertFits({ page }: WatchedBrowser, what: string): Promise<void> {
  await page.setViewportSize({ width: 360, height: 800 });
  const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
  assert.ok(overflow <= 0, `${what} is ${overflow} px wider than a telephone`);
  const hole = Number(await page.evaluate(HOLE));
  assert.ok(hole < 4, `${what} leaves ${hole} px beside its figures on a telephone`);
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Words of a page that stand in a column too narrow to be read: many lines of a few letters. */
const TOWERS = `[...document.querySelectorAll("td .word, th .word")].filter((word) => {
  const { width, height } = word.getBoundingClientRect();
  return width < 170 && height > 190;
}).map((word) => word.textContent.slice(0, 60))`;

/** Fails if a table of a wide page squeezes what may be long. */
export async function assertLegible({ page }: WatchedBrowser, what: string): Promise<void> {
  assert.deepEqual(await page.evaluate(TOWERS), [], `${what} squeezes its words`);
}

/** Whether pictures are taken: they are for people to look at, and take longer than what is tested on the way. */
const TAKES_PICTURES = Deno.env.get("VIGO_TEST_PICTURES") === "yes";

/** Pictures of a page in both colour schemes, wide and narrow, if `VIGO_TEST_PICTURES=yes`. */
export async function takePictures({ page }: WatchedBrowser, name: string): Promise<void> {
  if (!TAKES_PICTURES) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({
        path: `${SCREENSHOTS}/${name}-${colorScheme}-${width}.png`,
        fullPage: true,
      });
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}
