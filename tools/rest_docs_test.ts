import assert from "node:assert/strict";
import { REQUEST_LIMITS } from "../server/api/request_budgets.ts";
import { SESSION_IDLE_MS, SESSION_LIFETIME_MS } from "../server/auth/session_service.ts";
import { AUTOMATIC_HEADER, CSRF_HEADER, SESSION_COOKIE } from "../shared/rest/http_names.ts";
import { withRestTable } from "./rest_table.ts";

const page = await Deno.readTextFile(new URL("../docs/rest.md", import.meta.url));

Deno.test("the table of endpoints and roles is the one that the server decides by", () => {
  assert.equal(page, withRestTable(page), "run: deno run -A tools/generate_rest_docs.ts");
});

Deno.test("names and limits in the page are those of the code", () => {
  for (const name of [SESSION_COOKIE, CSRF_HEADER, AUTOMATIC_HEADER]) {
    assert.ok(page.includes(`\`${name}\``), name);
  }
  assert.ok(page.includes(`${SESSION_IDLE_MS / 60_000} minutes`));
  assert.ok(page.includes(`${SESSION_LIFETIME_MS / 3_600_000} hours`));
  for (const { burst, refillMs } of Object.values(REQUEST_LIMITS)) {
    assert.ok(page.includes(`${burst} at once and ${1000 / refillMs} a second`), String(burst));
  }
});
