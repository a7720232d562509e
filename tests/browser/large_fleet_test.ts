import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { ServerProcess } from "../support/server_process.ts";
import { addUser, PASSWORD } from "../support/people.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { findBrowser } from "./find_browser.ts";
import { HOSTILE_TEXT, hostnameOf, seedEnvoys } from "./seed_envoys.ts";
import { seedFleet } from "./seed_fleet.ts";
import { assertFits, assertLegible, takePictures } from "./stage.ts";
import { WatchedBrowser } from "./watched_browser.ts";

const ENVOYS = 1_000;

Deno.test({
  name: "the web interface over no envoy, and over a thousand, one of which is hostile",
  ignore: findBrowser() === undefined,
  fn: async (t) => {
    await using root = await TemporaryRoot.create();
    await ServerProcess.configure(root);

    await t.step("a fleet without envoys says what to do next", async () => {
      await using server = await ServerProcess.start(root);
      await addUser(server, "ann", "admin");
      await using browser = await openBrowser(server);
      for (const [path, next] of Object.entries(NEXT)) {
        await browser.open(path);
        await browser.page.locator("main").getByText(next).first().waitFor();
        await assertFits(browser, path);
        await takePictures(browser, `empty${path.replaceAll("/", "-")}`);
      }
      browser.assertNoFaults();
      await server.process.stop();
    });

    await seedEnvoys(root.path, ENVOYS);

    await t.step("a thousand are listed page by page, sorted and filtered", async () => {
      await using server = await ServerProcess.start(root);
      await using browser = await openBrowser(server);
      const { page } = browser;
      await browser.open("/envoys");
      assert.equal(await page.getByRole("rowheader").count(), 100);
      await page.getByText(`100 of ${ENVOYS}`).waitFor();
      await assertFits(browser, "/envoys");
      await takePictures(browser, "thousand-envoys");
      await page.getByRole("link", { name: "Next page" }).click();
      await page.getByRole("link", { name: "seeded-0150" }).waitFor();
      await page.getByRole("link", { name: "Last seen" }).click();
      await page.getByRole("columnheader", { name: "Last seen" }).and(
        page.locator("[aria-sort=ascending]"),
      )
        .waitFor();
      await browser.open(`/envoys?target=${encodeURIComponent("tag:rack=7")}`);
      await page.getByText("25 in all").waitFor();
      await browser.open("/");
      await page.locator("#needs-offline").getByText("and 42 more").waitFor();
      await assertFits(browser, "/");
      await takePictures(browser, "thousand-overview");

      await browser.open("/envoys/seeded-0001?traits=distro");
      assert.equal(await page.locator("main img, main script").count(), 0);
      const shown = await page.locator("main").textContent() ?? "";
      assert.ok(shown.includes("<script>alert(2)</script>\\u{202e}\\u{200b}\\u{1b}"));
      assert.doesNotMatch(shown, /[\u202e\u200b]/);
      assert.ok(HOSTILE_TEXT.includes("\u202e"));
      await assertFits(browser, "an envoy with hostile words");
      await browser.assertAccessible("an envoy with hostile words");
      await takePictures(browser, "hostile-envoy");
      browser.assertNoFaults();
      await server.process.stop();
    });

    await seedFleet(root.path);

    await t.step(
      "a fleet with a past, long names and many of everything fits every page",
      async () => {
        await using server = await ServerProcess.start(root);
        await using browser = await openBrowser(server);
        await browser.open("/audit");
        const moment = browser.page.locator("main time[datetime]").first();
        assert.match(await moment.getAttribute("title") ?? "", /^[\d-]+ [\d:]+ UTC$/);
        await moment.hover();
        await eventually(
          "a moment is told in the time zone of the browser, too",
          async () => /^.+ \([\d-]+ [\d:]+ UTC\)$/.test(await moment.getAttribute("title") ?? ""),
        );
        for (const [name, path] of Object.entries(PAGES)) {
          await browser.open(path);
          await assertLegible(browser, path);
          await assertFits(browser, path);
          await takePictures(browser, `large-${name}`);
        }
        browser.assertNoFaults();
        await server.process.stop();
      },
    );
  },
});

/** Pages of a large fleet, by what their pictures are called. */
const PAGES: Readonly<Record<string, string>> = {
  overview: "/",
  envoys: "/envoys?sort=-hostname",
  envoy: "/envoys/seeded-0002",
  "long-envoy": `/envoys/${hostnameOf(51)}`,
  runs: "/runs",
  tasks: "/tasks",
  task: "/tasks/t0000000000",
  "failed-of-task": "/tasks/t0000000000?verdict=failed",
  swarm: "/swarm",
  filecasts: "/payload",
  poolq: "/swarm/poolq",
  puddle: "/swarm/puddle",
  config: "/config",
  audit: "/audit",
  settings: "/settings",
};

/** What an empty page of each kind tells the reader to do. */
const NEXT: Readonly<Record<string, string>> = {
  "/": "vigocli enroll token create",
  "/envoys": "vigocli enroll token create",
  "/runs": "vigocli envoys push",
  "/tasks": "vigocli task run",
  "/config": "vigocli config publish",
};

async function openBrowser({ restPort }: ServerProcess): Promise<WatchedBrowser> {
  const browser = await WatchedBrowser.start(findBrowser() ?? "", `https://localhost:${restPort}`);
  await browser.open("/login");
  await browser.logIn("ann", PASSWORD);
  return browser;
}
