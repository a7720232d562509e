import assert from "node:assert/strict";
import { taskList } from "../../shared/rest/tasks.ts";
import { runList } from "../../shared/rest/runs.ts";
import { configHistory } from "../../shared/rest/config.ts";
import { eventually } from "../support/eventually.ts";
import { findBrowser } from "./find_browser.ts";
import { HOSTILE_TEXT } from "./seed_envoys.ts";
import {
  ADMIN,
  assertFits,
  type BrowserStage,
  onStage,
  PASSWORD,
  takePictures,
  VIEWER,
} from "./stage.ts";

const ignore = findBrowser() === undefined;
if (ignore) {
  console.log(
    "Skipped: browser tests: no Chromium here. Install the package chromium, or name one in VIGO_TEST_BROWSER",
  );
}

/** Bytes that the front page and all it loads may have on the way. */
const MAX_PAGE_BYTES = 150_000;

/** A policy of one file per host, which drifts when somebody else writes it, and one resource that fails. */
function stacks(folder: string, word: string): Record<string, string> {
  return {
    "envoys.vgo": 'envoys:\n  - match: "*"\n    configcrates: [base]\n',
    "configcrates/base.vgo": `name: base
resources:
  - directory: ${folder}
  - file: "${folder}/motd"
    content: "${word}\\n"
  - exec: never-works
    command: "exit 3"
`,
  };
}

Deno.test({
  name: "the web interface in a browser",
  ignore,
  fn: async (t) => {
    await onStage(["web-1", "web-2"], async (stage) => {
      const { fleet, browser } = stage;
      const { page } = browser;
      const policyFolder = `${fleet.hub.root}/policy`;

      await t.step(
        "who is not logged in comes to the login, and from there to the page",
        async () => {
          await browser.open("/envoys");
          assert.equal(new URL(page.url()).pathname, "/login");
          await browser.assertAccessible("/login");
          await takePictures(browser, "login");
          await browser.logIn(ADMIN, PASSWORD);
          assert.equal(new URL(page.url()).pathname, "/envoys");
        },
      );

      await t.step("a keyboard alone is enough to find an envoy", async () => {
        await browser.open("/envoys");
        await page.keyboard.press("Tab");
        assert.equal(
          await page.evaluate("document.activeElement.textContent"),
          "Skip to the content",
        );
        await page.keyboard.press("Enter");
        await tabTo(stage, "filter-target");
        await page.keyboard.type("web-*");
        await page.keyboard.press("Enter");
        await page.waitForURL(/target=web/);
        assert.equal(await page.getByRole("rowheader").count(), 2);
        await page.getByRole("link", { name: "web-2" }).focus();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "web-2", level: 1 }).waitFor();
      });

      await t.step("traits are searched while somebody types", async () => {
        await browser.open("/envoys/web-1");
        const branches = page.locator("#trait-tree > li:visible");
        assert.ok(await branches.count() > 5);
        await page.getByRole("searchbox", { name: "Search" }).fill("clock_offset_ms");
        await page.locator("#trait-tree").getByText("clock_offset_ms", { exact: true }).waitFor();
        assert.equal(await branches.count(), 1);
      });

      await t.step("a target that makes no sense says where", async () => {
        await browser.open("/envoys?target=web-*,,");
        const problem = await page.getByRole("alert").textContent();
        assert.match(problem ?? "", /position/);
      });

      await t.step("hostile words in tags and output are text", async () => {
        await browser.open("/envoys/web-1");
        await page.getByLabel("Add or change a tag").fill(
          `owner=${HOSTILE_TEXT.replaceAll(/[\p{Cc}\p{Cf}]/gu, "")}`,
        );
        await page.getByRole("button", { name: "Set" }).click();
        await page.getByText("web-1 has the tag owner now.").waitFor();
        assert.match(
          await page.locator("#tags").textContent() ?? "",
          /<script>alert\(2\)<\/script>/,
        );
      });

      await t.step(
        "a task is planned, run, and its verdicts and output come without reloading",
        async () => {
          await browser.open("/tasks");
          const gate = `${fleet.hub.root}/gate`;
          const word = HOSTILE_TEXT.replaceAll("'", "");
          const command =
            `while [ ! -e '${gate}' ]; do printf '%s\n' '${word}'; sleep 0.2; done; echo the end`;
          await page.getByRole("textbox", { name: "Command" }).fill(command);
          await page.getByRole("textbox", { name: "Target" }).fill("web-*");
          await page.getByRole("button", { name: "Show the plan" }).click();
          await browser.assertAccessible("the plan of a task");
          await page.getByRole("button", { name: "Run it on 2 envoys" }).click();
          await page.waitForURL(/\/tasks\/\w+$/);
          await page.locator("#live-output").getByText("<script>alert(2)</script>").first()
            .waitFor();
          await Deno.writeTextFile(gate, "");
          await page.locator("#task-head").getByText("2 complete of 2").waitFor();
          await page.getByRole("heading", { name: "Output as it came" }).waitFor();
          assert.match(
            await page.locator("#live-output").textContent() ?? "",
            /<script>alert\(2\)<\/script>/,
          );
          // What stood before the first output came has made room for it.
          assert.equal(await page.locator("#live-none").count(), 0);
          await page.getByRole("link", { name: "show the output of web-1" }).click();
          const output = await page.getByRole("region", { name: "stdout of web-1" }).textContent();
          assert.match(output ?? "", /<script>alert\(2\)<\/script>\\u\{202e\}[^]*the end/);
          await browser.assertAccessible("a task");
          await takePictures(browser, "task");
        },
      );

      await t.step("a command that a guardrail refuses needs a word more", async () => {
        await browser.open("/tasks");
        await page.getByRole("textbox", { name: "Command" }).fill("systemctl stop vigo-envoy");
        await page.getByRole("textbox", { name: "Target" }).fill("*");
        await page.getByRole("button", { name: "Show the plan" }).click();
        await page.getByText("A guardrail refuses this command").waitFor();
        assert.equal(
          await page.getByRole("checkbox", { name: /although the guardrail/ }).isChecked(),
          false,
        );
      });

      await t.step("ten megabytes of output stay usable", async () => {
        await fleet.tryCli("task", "run", "seq 1 1500000", "--target", "web-1");
        const { tasks: [task] } = await fleet.ask(taskList, "task", "list");
        await browser.open(`/tasks/${task?.id}?output=0`);
        const shown = await page.getByRole("region", { name: "stdout of web-1" }).textContent() ??
          "";
        assert.ok(
          shown.length < 300_000 && /bytes left out/.test(shown) && shown.endsWith("1500000\n"),
        );
        await page.getByRole("link", { name: "show the output of web-1" }).click();
      });

      await t.step("a publish is seen, and then the drift that it corrects", async () => {
        await fleet.stage(stacks(policyFolder, "first"));
        await browser.open("/config?to=staged");
        await page.getByText("3 envoys would change").waitFor();
        await browser.assertAccessible("a compiled difference");
        await fleet.cli("config", "publish", "--yes", "-m", HOSTILE_TEXT);
        await browser.open("/envoys/web-1");
        await page.locator("#state").getByText("Failed").waitFor();
        await Deno.writeTextFile(
          `${policyFolder}/motd`,
          `somebody else was here ${HOSTILE_TEXT}\n`,
        );
        await browser.open("/runs");
        await page.locator("#runs").getByText("drift").first().waitFor();
        await browser.assertAccessible("/runs");
        const { runs } = await fleet.ask(runList, "runs", "list");
        const drifted = runs.find(({ corrective }) => corrective > 0) ??
          assert.fail("no run corrected drift");
        await browser.open(`/runs/${drifted.runId}`);
        await page.getByText("somebody else was here").waitFor();
        assert.match(
          await page.locator(".diff", { hasText: "somebody else was here" }).textContent() ?? "",
          /was here "><img src=x onerror=alert\(1\)><script>alert\(2\)<\/script>\\u\{202e\}/,
        );
        await browser.assertAccessible("a run");
        await takePictures(browser, "run");
      });

      await t.step("the front page changes while it lies open, and is light", async () => {
        const sizes = await pageWeight(stage);
        assert.ok(sizes < MAX_PAGE_BYTES, `${sizes} bytes`);
        await browser.open("/");
        console.log(
          `/ has ${sizes} bytes on the way, first paint after ${await firstPaint(stage)} ms`,
        );
        await page.locator("#needs-failed").waitFor();
        await fleet.stopAgent(fleet.host("web-2"));
        await page.locator("#needs-offline").getByText("web-2").waitFor();
      });

      await t.step("no page has an obstacle for a keyboard or a screen reader", async () => {
        const { versions: [version] } = await fleet.ask(configHistory, "config", "history");
        const pages = {
          overview: "/",
          envoys: "/envoys",
          envoy: "/envoys/web-1",
          runs: "/runs",
          tasks: "/tasks",
          config: "/config",
          difference: `/config?to=${version?.version}`,
          audit: "/audit?verify=yes",
          settings: "/settings",
          poolq: "/swarm/poolq",
          puddle: "/swarm/puddle",
        };
        for (const [name, path] of Object.entries(pages)) {
          await browser.open(path);
          await browser.assertAccessible(path);
          await takePictures(browser, name);
          await assertFits(browser, path);
        }
      });

      await t.step("the chain of the audit log is verified at a click", async () => {
        await browser.open("/audit");
        await page.getByRole("button", { name: "Verify the chain" }).click();
        await page.getByText("The chain is intact").waitFor();
      });

      await t.step(
        "a server that restarts is missed, and found again, by a page that lies open",
        async () => {
          await browser.open("/envoys");
          await fleet.stopServer();
          await page.getByText("The server does not answer").waitFor();
          await fleet.startServer();
          await page.getByText("The server does not answer").waitFor({ state: "hidden" });
          await page.locator("#envoys").getByText("web-1").waitFor();
        },
      );

      await t.step("an envoy that is gone under its page says so, and the page stays", async () => {
        await browser.open("/envoys/web-2");
        await fleet.cli("envoys", "revoke", "web-2");
        await page.getByText(/no longer there|identity is revoked/).first().waitFor();
        assert.equal(await page.getByRole("heading", { name: "web-2", level: 1 }).count(), 1);
        await page.locator("form.tag-form[inert]").waitFor();
        const list = page.getByRole("link", { name: "Go to the list" });
        assert.equal(await list.getAttribute("href"), "/envoys");
      });

      await t.step(
        "a viewer sees no form that he may not send, and reads without scripts",
        async () => {
          const context = await browser.context.browser()?.newContext({
            ignoreHTTPSErrors: true,
            javaScriptEnabled: false,
          }) ?? assert.fail();
          const plain = await context.newPage();
          await plain.goto(`${fleet.restUrl}/login`);
          await plain.getByLabel("Name").fill(VIEWER);
          await plain.getByLabel("Password").fill(PASSWORD);
          await plain.getByRole("button", { name: "Log in" }).click();
          await plain.goto(`${fleet.restUrl}/tasks`);
          await plain.getByRole("heading", { name: "Tasks that ran" }).waitFor();
          assert.equal(await plain.getByRole("button", { name: "Show the plan" }).count(), 0);
          const refused = await plain.goto(`${fleet.restUrl}/audit`);
          assert.equal(refused?.status(), 403);
          await context.close();
        },
      );

      await t.step(
        "a session that ended is told on the page, which keeps what was typed",
        async () => {
          await browser.open("/tasks");
          await page.getByRole("textbox", { name: "Command" }).fill("echo typed before the end");
          await page.getByRole("textbox", { name: "Target" }).fill("web-1");
          await endSessions(stage);
          await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
          await page.getByText("Your session has ended.").waitFor();
          assert.equal(
            await page.getByRole("textbox", { name: "Command" }).inputValue(),
            "echo typed before the end",
          );
          await page.getByRole("button", { name: "Show the plan" }).click();
          await page.getByLabel("Name").fill(ADMIN);
          await page.getByLabel("Password").fill(PASSWORD);
          await page.getByRole("button", { name: "Log in" }).click();
          await page.getByText("this is what you typed").waitFor();
          await page.getByRole("button", { name: "Send it" }).click();
          await page.getByRole("button", { name: /^Run it on/ }).waitFor();
        },
      );
    });
  },
});

/** Presses the tabulator until an element has the focus. */
async function tabTo({ browser: { page } }: BrowserStage, id: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate("document.activeElement.id") === id) return;
  }
  assert.fail(`No tabulator leads to ${id}`);
}

/** What the front page and all that it loads have on the way, with nothing in a cache, in bytes. */
async function pageWeight({ browser, fleet }: BrowserStage): Promise<number> {
  const page = await browser.context.newPage();
  const session = await browser.context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => bytes += encodedDataLength);
  await page.goto(`${fleet.restUrl}/`, { waitUntil: "load" });
  await page.close();
  return bytes;
}

async function firstPaint({ browser: { page } }: BrowserStage): Promise<number> {
  await eventually(
    "the page is painted",
    async () =>
      Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint').length")) >
        0,
  );
  return Math.round(
    Number(
      await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"),
    ),
  );
}

/** As if nobody had used the sessions of the administrator for a quarter of an hour. */
async function endSessions({ fleet }: BrowserStage): Promise<void> {
  const answer = await fleet.api(`/users/${ADMIN}/password`, {
    method: "POST",
    json: { password: PASSWORD },
  });
  assert.equal(answer.status, 200, answer.text);
}
