import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { filecastDistribute } from "../../shared/rest/swarm.ts";
import { eventually } from "../support/eventually.ts";
import { TestFleet } from "../support/test_fleet.ts";
import { findBrowser } from "./find_browser.ts";
import { WatchedBrowser } from "./watched_browser.ts";

const MIB = 1024 * 1024;
const CHUNKS = 12;
const DEADLINE_MS = 120_000;
const browserPath = findBrowser();

Deno.test({
  name:
    "a cast of real agents is seen on its pages from the first chunk to the last, with nothing reloaded",
  ignore: browserPath === undefined,
  fn: async () => {
    await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
      await fleet.join();
      await fleet.swarmRuns();
      await using browser = await WatchedBrowser.start(browserPath ?? "", fleet.restUrl);
      const token = await Deno.readTextFile(
        join(fleet.hub.root, "srv/vigo/secrets/local.token"),
      );
      await browser.context.setExtraHTTPHeaders({ authorization: `Bearer ${token.trim()}` });
      const { page } = browser;
      const graph = await browser.context.newPage();
      browser.watch(graph);
      await graph.goto(`${fleet.restUrl}/swarm`);
      await eventually(
        "the picture shows the fleet",
        async () => await graph.locator("#swarm-graph").getAttribute("data-nodes") === "3",
        DEADLINE_MS,
      );
      await browser.open("/payload");
      await page.getByText("Nothing was cast to the fleet yet.").waitFor();
      await page.evaluate("window.isSamePage = true");

      const file = join(fleet.hub.root, "release.bin");
      await Deno.writeFile(file, randomBytes(CHUNKS * MIB));
      const { sha256 } = await fleet.ask(
        filecastDistribute,
        ..."swarm distribute --target web-*".split(" "),
        file,
      );
      // A flow is one for a minute: whoever looks that long has seen it.
      const hasFlowed = eventually(
        "what flows is in the picture",
        async () => Number(await graph.locator("#swarm-graph").getAttribute("data-flows")) > 0,
        DEADLINE_MS,
      );
      await page.getByRole("link", { name: "release.bin" }).waitFor({ timeout: DEADLINE_MS });
      assert.equal(await page.evaluate("window.isSamePage"), true);

      const map = await browser.context.newPage();
      browser.watch(map);
      await map.goto(`${fleet.restUrl}/swarm/filecast/${sha256}`);
      await page.getByRole("link", { name: "release.bin" }).click();
      await page.getByRole("table", { name: "Envoys of this filecast" }).waitFor();
      await page.evaluate("window.isSamePage = true");
      for (const hostname of ["web-1", "web-2"]) {
        const row = page.locator(`#host-${hostname}`);
        await row.getByText("complete").waitFor({ timeout: DEADLINE_MS });
        await row.getByText(`${CHUNKS} / ${CHUNKS}`).waitFor();
      }
      assert.equal(await page.evaluate("window.isSamePage"), true);

      await eventually(
        "the map has every chunk of three machines",
        async () =>
          await map.locator("#chunk-map").getAttribute("data-held") === String(3 * CHUNKS),
        DEADLINE_MS,
      );
      // From whom each came is told chunk by chunk, by agents that just fetched them.
      await map.locator("#chunk-legend").getByText(/^(hub|web-1|web-2|the server) · [1-9]\d*$/)
        .first()
        .waitFor();
      await hasFlowed;
      browser.assertNoFaults();
    });
  },
});
