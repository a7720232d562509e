import assert from "node:assert/strict";
import axeSource from "axe-core/axe.min.js" with { type: "text" };
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { z } from "zod";

/** A step that takes longer has found a fault: the machine may be ten times slower than the one it was written on. */
const STEP_DEADLINE_MS = 60_000;
/** What Chromium needs where it is root, and what keeps it from talking to anybody by itself. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const axeSchema = z.array(
  z.object({ id: z.string(), impact: z.string(), nodes: z.array(z.string()) }),
);

/**
 * A browser that looks at one server alone: a request to anywhere else, a script that fails, and whatever the content
 * security policy stops are remembered, and fail the test.
 */
export class WatchedBrowser implements AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly #browser: Browser;
  readonly #origin: string;
  readonly #faults: string[] = [];

  private constructor(browser: Browser, context: BrowserContext, page: Page, origin: string) {
    this.#browser = browser;
    this.context = context;
    this.page = page;
    this.#origin = origin;
  }

  /** @param origin of the only server that may be talked to, as in `https://127.0.0.2:8443`. */
  static async start(executablePath: string, origin: string): Promise<WatchedBrowser> {
    const browser = await chromium.launch({
      executablePath,
      args: FLAGS,
      timeout: STEP_DEADLINE_MS,
    });
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(STEP_DEADLINE_MS);
    const page = await context.newPage();
    const watched = new WatchedBrowser(browser, context, page, origin);
    watched.watch(page);
    return watched;
  }

  /** Remembers what goes wrong on a page. */
  watch(page: Page): void {
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(this.#origin) && !url.startsWith("data:")) {
        this.#faults.push(`a request to ${url}`);
      }
    });
    page.on("pageerror", (error) => this.#faults.push(`a script failed: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (/content.security.policy/i.test(text)) this.#faults.push(text);
    });
    page.on("dialog", (dialog) => {
      if (dialog.type() === "alert") this.#faults.push(`a text acted: alert(${dialog.message()})`);
      dialog.accept().catch(() => {
        // The page is gone, and its dialog with it.
      });
    });
  }

  /** Opens a page of the server. */
  async open(path: string): Promise<void> {
    const response = await this.page.goto(this.#origin + path);
    assert.ok(response !== null && response.status() < 500, `${path}: ${response?.status()}`);
  }

  /** Fills in the login form that is shown. */
  async logIn(name: string, password: string): Promise<void> {
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.page.getByRole("button", { name: "Log out" }).waitFor();
  }

  /** Fails if a reader of the page with a keyboard or a screen reader would meet a serious obstacle. */
  async assertAccessible(what: string): Promise<void> {
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate(`axe.run(document, {
      resultTypes: ["violations"],
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    }).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({
      id,
      impact: impact ?? "minor",
      nodes: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + " " + failureSummary),
    })))`);
    const serious = axeSchema.parse(found)
      .filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious, [], `${what} has obstacles`);
  }

  /** Fails if anything went wrong that no page may do. */
  assertNoFaults(): void {
    assert.deepEqual(this.#faults, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
