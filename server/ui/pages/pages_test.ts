import assert from "node:assert/strict";
import { checkPermission } from "../../auth/permissions.ts";
import { userPrincipal } from "../../service/principal.ts";
import { openUi } from "../ui_fixture.ts";
import { PAGES } from "./index.ts";

const VIEWER = userPrincipal({ name: "ann", role: "viewer" }, "");
/** The address of a page, with something in the place of each parameter. */
const addressOf = (path: string) => path.replaceAll(/:\w+/g, "some");

Deno.test("no page and no stream is shown to nobody, and no form of nobody does anything", async () => {
  const browser = openUi(PAGES).browser();
  for (const { path, actions, streams } of PAGES) {
    const address = addressOf(path);
    const page = await browser.get(address);
    assert.deepEqual([page.status, page.headers.get("location")], [
      303,
      `/login?next=${encodeURIComponent(address)}`,
    ]);
    for (const name of Object.keys(actions ?? {})) {
      assert.equal((await browser.post(address, { do: name })).status, 401, `${path} ${name}`);
    }
    for (const name of Object.keys(streams ?? {})) {
      assert.equal((await browser.get(`${address}/${name}`)).status, 303, `${path} ${name}`);
    }
  }
});

Deno.test("a viewer is turned away from each page and action that needs more", async () => {
  const ui = openUi(PAGES);
  await ui.people.add("ann", "viewer");
  const browser = ui.browser();
  await browser.logIn("ann");
  const { text } = await browser.get("/settings");
  const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? assert.fail(text);
  for (const { path, permission, actions = {} } of PAGES) {
    const { status } = await browser.get(addressOf(path));
    const mayRead = checkPermission(VIEWER, permission).ok;
    // Endpoints of this test that a page calls refuse with 409, once somebody was let in.
    assert.equal(status === 403, !mayRead, `${path}: ${status}`);
    for (const [name, action] of Object.entries(actions)) {
      if (checkPermission(VIEWER, action.permission).ok) continue;
      const answer = await browser.post(addressOf(path), { do: name, csrf });
      assert.equal(answer.status, 403, `${path} ${name}`);
      assert.match(answer.text, /needs the permission/);
    }
  }
});

Deno.test("what somebody may not ask REST for, no page gives him either", async () => {
  const ui = openUi([{
    path: "/leak",
    permission: "self",
    view: async ({ call }) => ({ title: "Leak", body: JSON.stringify(await call("auditList")) }),
  }], { auditList: () => assert.fail("it was asked") });
  await ui.people.add("ann", "viewer");
  const browser = ui.browser();
  await browser.logIn("ann");
  const { status, text } = await browser.get("/leak");
  assert.equal(status, 403);
  assert.match(text, /needs the permission &quot;admin&quot;/);
});

Deno.test("pages have addresses of their own", () => {
  const paths = PAGES.map(({ path }) => path);
  assert.deepEqual(paths, [...new Set(paths)]);
});
