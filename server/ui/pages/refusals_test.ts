import assert from "node:assert/strict";
import { ApiError } from "../../api/api_error.ts";
import { fieldOf, openUi } from "../ui_fixture.ts";
import { configPage } from "./config_page.tsx";
import { envoysPage } from "./envoys_page.tsx";

async function open() {
  const ui = openUi([configPage, envoysPage], {
    configStatus: () =>
      Promise.resolve({
        live: null,
        problem: null,
        tree: null,
        staged: { version: null, files: 0, changed: false },
        freeze: null,
        hosts: { total: 0, upToDate: 0, pending: 0, refused: 0, unmatched: 0 },
        versions: [],
        refused: [],
      }),
    configHistory: () => Promise.resolve({ versions: [], nextCursor: null }),
    configDiff: ({ body }) =>
      Promise.reject(new ApiError(400, `There is no version ${JSON.stringify(body.version)}`)),
    configRollback: () => assert.fail("it was asked"),
  });
  await ui.people.add("ann", "admin");
  const browser = ui.browser();
  await browser.logIn("ann");
  return browser;
}

Deno.test("what cannot be shown is refused by its status, too, and not by words alone", async () => {
  const browser = await open();
  const compared = await browser.get("/config?from=zz&to=qq");
  assert.equal(compared.status, 400);
  assert.match(compared.text, /There is no version &quot;qq&quot;/);
  const sorted = await browser.get("/envoys?sort=__proto__");
  assert.equal(sorted.status, 400);
  assert.match(sorted.text, /__proto__/);
});

Deno.test("a rollback that names no version is refused before it is asked for", async () => {
  const browser = await open();
  const { text } = await browser.get("/config?to=qq");
  const csrf = fieldOf(text, "csrf");
  const answer = await browser.post("/config", { do: "rollback", to: "", csrf });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /Not rolled back: choose the version to go back to/);
});
