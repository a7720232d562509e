import assert from "node:assert/strict";
import { SESSION_COOKIE } from "../../shared/rest/http_names.ts";
import { ApiError } from "../api/api_error.ts";
import { SESSION_IDLE_MS } from "../auth/session_service.ts";
import { ActionForm } from "./components/form.tsx";
import { definePage } from "./page.ts";
import { PAGES as APP_PAGES } from "./pages/index.ts";
import { fieldOf, openUi, type Seen } from "./ui_fixture.ts";

const HOSTILE = `"><script>alert(1)</script>`;
const done: string[] = [];

const notes = definePage({
  path: "/notes",
  permission: "self",
  nav: { section: "Fleet", label: "Notes" },
  view: ({ csrfToken, query, rejected }) =>
    Promise.resolve({
      title: "Notes",
      body: (
        <ActionForm action="write" csrfToken={csrfToken} label="Write">
          <input name="text" value={rejected?.form.text("text") ?? query("text")} />
        </ActionForm>
      ),
    }),
  actions: {
    write: {
      words: "Write a note",
      permission: "self",
      run: (_, form) => {
        if (form.text("text") === "") throw new ApiError(400, "Write something");
        done.push(form.text("text"));
        return Promise.resolve({ goTo: "/notes", say: `Wrote ${form.text("text")}` });
      },
    },
    erase: {
      words: "Erase it",
      permission: "admin",
      run: () => Promise.resolve({ goTo: "/notes" }),
    },
  },
});
const admins = definePage({
  path: "/admins",
  permission: "admin",
  view: () => Promise.reject(new Error("never shown to a viewer")),
});
const broken = definePage({
  path: "/broken",
  permission: "self",
  view: () => Promise.reject(new Error("/srv/vigo/secret detail")),
});
let streamsOpen = 0;
const moving = definePage({
  path: "/moving",
  permission: "self",
  view: () => Promise.resolve({ title: "Moving", body: "" }),
  streams: {
    live: () => {
      streamsOpen += 1;
      const body = new ReadableStream({ cancel: () => void (streamsOpen -= 1) });
      return Promise.resolve(
        new Response(body, { headers: { "content-type": "text/event-stream" } }),
      );
    },
  },
});
const PAGES = [notes, admins, broken, moving];

async function openAs(role: "viewer" | "admin") {
  const ui = openUi(PAGES);
  await ui.people.add("ann", role);
  const browser = ui.browser();
  const answer = await browser.logIn("ann");
  assert.equal(answer.status, 303, answer.text);
  return { ...ui, browser };
}

function location({ headers }: Seen): string {
  return headers.get("location") ?? "";
}

Deno.test("whoever is not logged in is led to the login, and from there to where he wanted to go", async () => {
  const ui = openUi(PAGES);
  await ui.people.add("ann", "viewer");
  const browser = ui.browser();
  const answer = await browser.get("/notes?text=a%26b");
  assert.deepEqual([answer.status, location(answer)], [
    303,
    "/login?next=%2Fnotes%3Ftext%3Da%2526b",
  ]);
  const { text } = await browser.get(location(answer));
  const after = await browser.post("/login", {
    csrf: fieldOf(text, "csrf"),
    next: fieldOf(text, "next"),
    name: "ann",
    password: "correct horse battery",
  });
  assert.deepEqual([after.status, location(after)], [303, "/notes?text=a%26b"]);
  assert.match(
    after.headers.getSetCookie().join("\n"),
    new RegExp(`^${SESSION_COOKIE}=[\\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict$`, "m"),
  );
});

Deno.test("a login leads to no other server", async () => {
  const ui = openUi(PAGES);
  await ui.people.add("ann", "viewer");
  for (
    const next of [
      "https://evil.example/",
      "//evil.example/",
      "/\\evil.example",
      "/a/..//evil.example",
      "javascript:alert(1)",
    ]
  ) {
    const browser = ui.browser();
    const { text } = await browser.get(`/login?next=${encodeURIComponent(next)}`);
    const answer = await browser.post("/login", {
      csrf: fieldOf(text, "csrf"),
      next,
      name: "ann",
      password: "correct horse battery",
    });
    assert.deepEqual([next, answer.status, location(answer)], [next, 303, "/"]);
  }
});

Deno.test("a login form that this browser was not given logs nobody in", async () => {
  const ui = openUi(PAGES);
  await ui.people.add("ann", "viewer");
  const other = ui.browser(), browser = ui.browser();
  const { text } = await other.get("/login");
  for (const csrf of [fieldOf(text, "csrf"), "", "x"]) {
    await browser.get("/login");
    const answer = await browser.post("/login", {
      csrf,
      name: "ann",
      password: "correct horse battery",
    });
    assert.equal(answer.status, 403);
    assert.equal(browser.cookies.has(SESSION_COOKIE), false);
  }
});

Deno.test("a wrong password is said on the form, which keeps the name and not the password", async () => {
  const ui = openUi(PAGES);
  await ui.people.add("ann", "viewer");
  const browser = ui.browser();
  const { text } = await browser.get("/login");
  const answer = await browser.post("/login", {
    csrf: fieldOf(text, "csrf"),
    name: "ann",
    password: "wrong-password",
  });
  assert.equal(answer.status, 401);
  assert.match(answer.text, /value="ann"/);
  assert.doesNotMatch(answer.text, /wrong-password/);
});

Deno.test("every page forbids scripts and styles within it, framing, other servers and caches", async () => {
  const { browser } = await openAs("viewer");
  for (const path of ["/notes", "/login", "/nowhere", "/admins"]) {
    const { headers } = await browser.get(path);
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.match(policy, /base-uri 'none'; frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("a form needs the token of its session, and one of another site is not looked at", async () => {
  const { browser } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  const csrf = fieldOf(text, "csrf");
  done.length = 0;
  const refused = [
    await browser.post("/notes", { do: "write", text: "a" }),
    await browser.post("/notes", { do: "write", text: "a", csrf: `${csrf}x` }),
    await browser.post("/notes", { do: "write", text: "a", csrf }, {
      "sec-fetch-site": "cross-site",
    }),
  ];
  assert.deepEqual([refused.map(({ status }) => status), done], [[403, 403, 403], []]);
  const answer = await browser.post("/notes", { do: "write", text: "a", csrf });
  assert.deepEqual([answer.status, location(answer), done], [303, "/notes", ["a"]]);
});

Deno.test("what was done is said on the next page, once, and as text", async () => {
  const { browser } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  await browser.post("/notes", { do: "write", text: HOSTILE, csrf: fieldOf(text, "csrf") });
  const said = await browser.get("/notes");
  assert.match(said.text, /Wrote &quot;&gt;&lt;script&gt;/);
  assert.doesNotMatch((await browser.get("/notes")).text, /Wrote/);
});

Deno.test("a form that is refused comes back as it was filled in, with the reason", async () => {
  const { browser } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  const answer = await browser.post("/notes", {
    do: "write",
    text: " ",
    csrf: fieldOf(text, "csrf"),
  });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /Write something/);
});

Deno.test("a session that ends while somebody types loses nothing: after the login the form is there to send", async () => {
  const { browser, clock } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  clock.nowMs += SESSION_IDLE_MS;
  done.length = 0;
  const typed = {
    do: "write",
    text: HOSTILE,
    password: "never shown",
    csrf: fieldOf(text, "csrf"),
  };
  const login = await browser.post("/notes", typed);
  assert.equal(login.status, 401);
  assert.match(login.text, /you find it as you typed it/);
  assert.doesNotMatch(login.text, /never shown|<script>alert/);
  const next = fieldOf(login.text, "next");
  const after = await browser.post("/login", {
    csrf: fieldOf(login.text, "csrf"),
    next,
    kept: fieldOf(login.text, "kept"),
    name: "ann",
    password: "correct horse battery",
  });
  assert.deepEqual([after.status, next, done], [200, "/notes", []]);
  assert.match(after.text, /<h1>Write a note<\/h1>[^]*Nothing was sent yet[^]*\/notes/);
  assert.match(after.text, /value="&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;"/);
  assert.doesNotMatch(after.text, /<script>alert/);
  const sent = await browser.post(next, {
    csrf: fieldOf(after.text, "csrf"),
    do: fieldOf(after.text, "do"),
    text: HOSTILE,
  });
  assert.deepEqual([sent.status, done], [303, [HOSTILE]]);
});

Deno.test("what is about to be sent after a login says what it does and to what, in the words of its form", async () => {
  const ui = openUi(APP_PAGES);
  await ui.people.add("ann", "admin");
  const goOn = async (path: string, fields: Record<string, string>) => {
    const browser = ui.browser();
    const login = await browser.post(path, fields);
    return (await browser.post("/login", {
      csrf: fieldOf(login.text, "csrf"),
      next: fieldOf(login.text, "next"),
      kept: fieldOf(login.text, "kept"),
      name: "ann",
      password: "correct horse battery",
    })).text;
  };
  const tag = await goOn("/envoys/web-1", { do: "tag", tag: "role=db" });
  assert.match(tag, /<h1>Add or change a tag<\/h1>[^]*<code>\/envoys\/web-1<\/code>/);
  assert.match(tag, /<label for="kept-tag">Tag<\/label>/);
  assert.match(tag, /class="button main"[^>]*>Send it/);
  const revoke = await goOn("/envoys/web-1", { do: "revoke", confirm: "web-1", reason: "sold" });
  assert.match(revoke, /<h1>Revoke its identity for good: it is cut off at once/);
  assert.match(revoke, /<label for="kept-confirm">To confirm<\/label>/);
  assert.match(revoke, /class="button danger"[^>]*>Send it/);
  assert.match(await goOn("/nowhere", { do: "tag", tag: "a" }), /<h1>(Go on|Log in)<\/h1>/);
});

Deno.test("what another site had a browser send is not kept for its owner to confirm", async () => {
  const { browser, clock } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  clock.nowMs += SESSION_IDLE_MS;
  const sent = { do: "write", text: "planted", csrf: fieldOf(text, "csrf") };
  for (const site of ["cross-site", "same-site", "none"]) {
    const answer = await browser.post("/notes", sent, { "sec-fetch-site": site });
    assert.doesNotMatch(answer.text, /planted/, site);
  }
});

Deno.test("a refusal names a field as its form does, and not as the endpoint", async () => {
  const ui = openUi(APP_PAGES, {
    taskList: () => Promise.resolve({ tasks: [], nextCursor: null }),
    namedTaskList: () => Promise.resolve({ tasks: [], nextCursor: null }),
  });
  await ui.people.add("ann", "admin");
  const browser = ui.browser();
  await browser.logIn("ann");
  const { text } = await browser.get("/settings");
  const csrf = fieldOf(text, "csrf");
  const refused = async (path: string, fields: Record<string, string>) =>
    (await browser.post(path, { csrf, ...fields })).text
      .match(/role="alert"[^]*?(Cannot read [^<]*)</)?.[1]?.replaceAll("&quot;", '"');
  const user = { do: "add-user", role: "viewer" };
  assert.equal(
    await refused("/settings", { ...user, name: "ben", password: "short" }),
    "Cannot read “New password”: expected at least 12 characters",
  );
  assert.match(
    await refused("/settings", { ...user, name: "Ben!", password: "long enough, this one" }) ?? "",
    /^Cannot read “Name” "Ben!": expected a to z, digits/,
  );
  const task = { do: "plan", command: "uptime", target: "*" };
  assert.equal(
    await refused("/tasks", { ...task, timeoutSecs: "soon" }),
    'Cannot read “Timeout in seconds” "soon": expected a whole number',
  );
  assert.match(
    await refused("/tasks", { ...task, nice: "20" }) ?? "",
    /^Cannot read “Niceness” "20": expected at most 19/,
  );
});

Deno.test("a page and an action are for those who have the permission, and say who lacks it", async () => {
  const { browser } = await openAs("viewer");
  const page = await browser.get("/admins");
  assert.equal(page.status, 403);
  assert.match(
    page.text,
    /needs the permission &quot;admin&quot;, which user:ann \(viewer\) lacks/,
  );
  const { text } = await browser.get("/notes");
  const action = await browser.post("/notes", { do: "erase", csrf: fieldOf(text, "csrf") });
  assert.equal(action.status, 403);
});

Deno.test("the menu offers no page that its reader may not open", async () => {
  const offered = async (role: "viewer" | "admin") => {
    const ui = openUi([notes, { ...admins, nav: { section: "Server", label: "Admins" } }]);
    await ui.people.add("ann", role);
    const browser = ui.browser();
    await browser.logIn("ann");
    const { text } = await browser.get("/notes");
    return ["/notes", "/admins"].filter((path) => text.includes(`<a href="${path}"`));
  };
  assert.deepEqual(await offered("viewer"), ["/notes"]);
  assert.deepEqual(await offered("admin"), ["/notes", "/admins"]);
});

Deno.test("a page that fails says an id and nothing of why", async () => {
  const { browser } = await openAs("viewer");
  const { status, text } = await browser.get("/broken");
  assert.equal(status, 500);
  assert.match(text, /its log says why under id [0-9a-f-]{36}/);
  assert.doesNotMatch(text, /secret detail/);
});

Deno.test("an address without a page is a page for browsers and JSON for programs", async () => {
  const { browser, app } = await openAs("viewer");
  const page = await browser.get("/nowhere");
  assert.deepEqual([page.status, /There is no page \/nowhere/.test(page.text)], [404, true]);
  const json = await app.request("https://localhost/nowhere");
  assert.deepEqual([json.status, json.headers.get("content-type")], [404, "application/json"]);
  const api = await browser.get("/api/v1/nowhere");
  assert.match(api.text, /^\{"message"/);
});

Deno.test("a method that a page does not take is refused, and those it takes are named", async () => {
  const { browser } = await openAs("viewer");
  const refused = async (method: string, path: string) => {
    const { status, headers } = await browser.ask(method, path);
    return [status, headers.get("allow")];
  };
  assert.deepEqual(await refused("POST", "/admins"), [405, "GET, HEAD"]);
  assert.deepEqual(await refused("DELETE", "/notes"), [405, "GET, HEAD, POST"]);
  assert.deepEqual(await refused("PUT", "/moving/live"), [405, "GET, HEAD"]);
  assert.deepEqual(await refused("GET", "/logout"), [405, "POST"]);
  assert.deepEqual(await refused("PUT", "/nowhere"), [404, null]);
  assert.equal((await browser.ask("POST", "/login")).status, 415);
});

Deno.test("what a page asks by itself keeps no session alive, and learns that it has ended", async () => {
  const { browser, clock } = await openAs("viewer");
  const automatic = { "x-vigo-automatic": "1", "hx-request": "true" };
  clock.nowMs += SESSION_IDLE_MS - 1000;
  assert.equal((await browser.get("/notes", automatic)).status, 200);
  assert.equal((await browser.get("/pulse")).status, 204);
  clock.nowMs += 1000;
  assert.equal((await browser.get("/pulse")).status, 401);
  const part = await browser.get("/notes", automatic);
  assert.deepEqual([part.status, location(part)], [401, ""]);
});

Deno.test("somebody who follows a link of another site is asked again from here, with the cookie", async () => {
  const { app } = await openAs("viewer");
  const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  const answer = await app.request("https://localhost/notes?a=%22%3E%3Cscript%3E", { headers });
  const text = await answer.text();
  assert.equal(answer.status, 200);
  assert.match(text, /http-equiv="refresh" content="0; url=\/notes\?a=%22%3E%3Cscript%3E"/);
});

Deno.test("whoever asks for the headers of a page's stream alone leaves none open", async () => {
  const { browser } = await openAs("viewer");
  const answer = await browser.ask("HEAD", "/moving/live");
  assert.deepEqual(
    [answer.status, answer.headers.get("content-type"), streamsOpen],
    [200, "text/event-stream", 0],
  );
});

Deno.test("who logs out is logged out, and his pages are gone", async () => {
  const { browser } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  const answer = await browser.post("/logout", { csrf: fieldOf(text, "csrf") });
  assert.deepEqual([answer.status, location(answer)], [303, "/login"]);
  assert.equal(browser.cookies.has(SESSION_COOKIE), false);
  assert.equal((await browser.get("/notes")).status, 303);
});

Deno.test("assets are answered compressed and for ever under the hash of what they hold", async () => {
  const { app, browser } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  const urls = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, url]) => url ?? "");
  assert.ok(urls.length >= 5);
  for (const url of urls) {
    assert.match(url, /^\/assets\/[\w-]+\.[0-9a-f]{12}\.(js|css|svg)$/);
    const answer = await app.request(`https://localhost${url}`, {
      headers: { "accept-encoding": "gzip, br" },
    });
    assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(answer.headers.get("content-encoding"), "br");
    await answer.body?.cancel();
  }
  const old = await app.request("https://localhost/assets/style.000000000000.css");
  assert.equal(old.status, 404);
});

Deno.test("a form that is too large, or none, is refused before anything is done", async () => {
  const { browser } = await openAs("viewer");
  const { text } = await browser.get("/notes");
  const csrf = fieldOf(text, "csrf");
  const large = await browser.post("/notes", { csrf, do: "write", text: "x".repeat(300_000) });
  assert.equal(large.status, 413);
  const json = await browser.post("/notes", { csrf }, { "content-type": "application/json" });
  assert.equal(json.status, 415);
});
