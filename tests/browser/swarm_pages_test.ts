import assert from "node:assert/strict";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { eventually } from "../support/eventually.ts";
import { SwarmStage } from "../support/swarm_stage.ts";
import { findBrowser } from "./find_browser.ts";
import { HOSTILE_TEXT } from "./seed_envoys.ts";
import { assertFits, takePictures } from "./stage.ts";
import { WatchedBrowser } from "./watched_browser.ts";

const CAST = sha256Hex("a release");
const CHUNKS = 300;
/** Envoys that stand by while three are looked at. */
const OTHERS = ["cache", "db", "edge"].flatMap((kind) =>
  Array.from({ length: 9 }, (_, at) => `${kind}-${at + 1}`)
);
/** With the origin. */
const ENVOYS = 4 + OTHERS.length;
const browserPath = findBrowser();

Deno.test({
  name: "pages of the swarm draw what envoys report, as they report it",
  ignore: browserPath === undefined,
  fn: async (t) => {
    await using stage = await SwarmStage.open(
      [
        { hostname: "web-1", tags: { "viz.color": "#0f8" } },
        { hostname: "web-2", tags: { "viz.color": HOSTILE_TEXT.slice(0, 60) } },
        { hostname: "web-3" },
        ...OTHERS.map((hostname) => ({ hostname })),
      ],
      [{ sha256: CAST, label: `<b onmouseover=alert(1)>${"x".repeat(120)}`, chunks: CHUNKS }],
    );
    await using browser = await WatchedBrowser.start(browserPath ?? "", stage.url);
    const { page } = browser;
    const [first, second, third] = stage.envoys;
    assert(first && second && third);
    const figure = (id: string, name: string) =>
      page.locator(`#${id}`).getAttribute(`data-${name}`);
    const map = (held: number) => new Uint8Array(CHUNKS).fill(1, 0, held);
    const sources = ["vigo-1"];
    for (const envoy of stage.envoys) {
      stage.report(envoy, [{ sha256: CAST, status: "downloading", chunks: map(0), sources }]);
    }

    await t.step("the picture has a node for each envoy and a way for each flow", async () => {
      await browser.open("/swarm");
      await eventually(
        "all are drawn",
        async () => await figure("swarm-graph", "nodes") === String(ENVOYS),
      );
      assert.equal(await figure("swarm-graph", "flows"), "0");
      // It goes on flowing while it is looked at: a minute later it would be no flow any more.
      let held = 0;
      await eventually("three flow", async () => {
        held = Math.min(100, held + 2);
        const common = { sha256: CAST, status: "downloading" as const };
        stage.report(first, [{ ...common, chunks: map(held), sources }]);
        stage.report(second, [{
          ...common,
          chunks: map(held).fill(2, 0, held / 2),
          sources: ["vigo-1", "web-1"],
        }]);
        return await figure("swarm-graph", "flows") === "3";
      });
      const summary = await page.locator("#swarm-summary").textContent();
      assert.match(
        summary ?? "",
        /^31 envoys, \d+ online; .* MB along 3 ways within the last minute/,
      );
      await browser.assertAccessible("/swarm");
    });

    await t.step(
      "its dots are painted in the colour that a tag says, and no other acts",
      async () => {
        const hasColor = () =>
          page.evaluate(`(() => {
          const canvas = document.querySelector("#swarm-graph canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          for (let at = 0; at < data.length; at += 4) {
const [red, green, blue] = data.slice(at, at + 3);
            if (red < 70 && green > 235 && blue > 110 && blue < 175) return true;
          }
          return false;
        })()`);
        await eventually("web-1 is about #00ff88", hasColor);
      },
    );

    await t.step("whoever goes through the rows with the keyboard is shown the node", async () => {
      await page.getByRole("link", { name: "web-2" }).focus();
      await page.locator("#swarm-card").getByText("web-2").waitFor();
      await page.getByRole("link", { name: "web-1" }).focus();
      await page.locator("#swarm-card").getByText("web-1").waitFor();
    });

    await t.step("a chunk map fills as chunks arrive, without a reload", async () => {
      for (const envoy of stage.envoys.slice(3)) {
        stage.report(envoy, [{ sha256: CAST, status: "downloading", chunks: map(0), sources }]);
      }
      await browser.open(`/swarm/filecast/${CAST}`);
      await eventually(
        "its rows",
        async () => await figure("chunk-map", "rows") === String(ENVOYS),
      );
      await page.evaluate("window.isSamePage = true");
      const common = { sha256: CAST, status: "downloading" as const };
      stage.report(first, [{ ...common, chunks: map(123), sources }]);
      stage.report(second, [
        { ...common, chunks: map(107).fill(2, 0, 3), sources: ["vigo-1", "web-1"] },
      ]);
      const held = String(CHUNKS + 123 + 107);
      await eventually("it arrives", async () => await figure("chunk-map", "held") === held);
      await page.locator("#chunk-legend").getByText("vigo-1 · 227").waitFor();
      await page.locator("#chunk-legend").getByText("web-1 · 3").waitFor();
      assert.equal(await page.evaluate("window.isSamePage"), true);
      await browser.assertAccessible("/swarm/filecast");
    });

    await t.step("a filecast goes on to complete under the eyes of its reader", async () => {
      await browser.open(`/payload/${CAST}`);
      await page.evaluate("window.isSamePage = true");
      const row = page.locator("#host-web-3");
      await row.getByText("downloading").waitFor();
      const done = { status: "complete" as const, completedAtMs: Date.now() };
      stage.report(third, [{ sha256: CAST, ...done, chunks: map(CHUNKS), sources }]);
      await row.getByText("complete").waitFor();
      await row.getByText("vigo-1: 300").waitFor();
      stage.report(second, [
        { sha256: CAST, status: "skipped", chunks: map(0), sources: [] },
      ]);
      await page.locator("#host-web-2").getByText("insufficient disk space").waitFor();
      assert.equal(await page.evaluate("window.isSamePage"), true);
      await browser.assertAccessible("/payload/:sha");
      await browser.open("/payload");
      await page.getByText(`2 of ${ENVOYS}`).waitFor();
      await browser.assertAccessible("/payload");
    });

    await t.step(
      "all of them fit a telephone, in a swarm where everybody gives to everybody",
      async () => {
        for (const [at, envoy] of stage.envoys.entries()) {
          const others = [1, 5, 11].map((step) => stage.envoys[(at + step) % stage.envoys.length]);
          const names = ["vigo-1", ...others.flatMap((other) => other?.record.hostname ?? [])];
          const chunks = Uint8Array.from(
            { length: CHUNKS },
            (_, chunk) => (chunk * 13 + at * 7) % 31 < 8 + at % 17 ? 1 + (chunk * at) % 4 : 0,
          );
          stage.report(envoy, [{ sha256: CAST, status: "downloading", chunks, sources: names }]);
        }
        for (
          const [name, path, ready] of [
            ["swarm", "/swarm", "#swarm-graph[data-nodes]"],
            ["chunk-map", `/swarm/filecast/${CAST}`, "#chunk-map[data-rows]"],
            ["filecasts", "/payload", "#filecasts"],
            ["filecast", `/payload/${CAST}`, "#payload"],
          ] as const
        ) {
          await browser.open(path);
          await page.locator(ready).waitFor();
          await assertFits(browser, path);
          await takePictures(browser, name);
        }
      },
    );

    await t.step("without JavaScript the same stands in tables", async () => {
      const context = await page.context().browser()?.newContext({
        ignoreHTTPSErrors: true,
        javaScriptEnabled: false,
      });
      assert(context);
      const plain = await context.newPage();
      await plain.goto(`${stage.url}/swarm`);
      await plain.getByText("The picture needs JavaScript").waitFor();
      assert.equal(await plain.getByText("connecting").isVisible(), false);
      assert.equal(await plain.getByText("ring: it seeds").isVisible(), false);
      await plain.getByRole("table", { name: "Envoys in the swarm" }).getByText("web-3").waitFor();
      await context.close();
    });

    browser.assertNoFaults();
  },
});
