import assert from "node:assert/strict";
import { probeHealth } from "./health_probe.ts";

const LIMITS = { tries: 3, tryMs: 60_000, pauseMs: 1 };

/** A service whose answers come from a list, the last of them for ever. */
async function withService(
  answers: readonly (() => Response | Promise<Response>)[],
  check: (url: string, asked: () => number) => Promise<void>,
): Promise<void> {
  let asked = 0;
  await using site = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    asked += 1;
    return (answers[Math.min(asked, answers.length) - 1] ?? assert.fail())();
  });
  await check(`http://127.0.0.1:${site.addr.port}/health`, () => asked);
}

const status = (code: number, headers = {}) => () =>
  new Response(code === 204 ? null : "body", { status: code, headers });
const probe = (url: string, limits = LIMITS) =>
  probeHealth(url, new AbortController().signal, limits);

Deno.test("a service is well that answers with a status of 200 to 299, at the third try at the latest", () =>
  withService([status(503), status(500), status(204)], async (url, asked) => {
    assert.equal(await probe(url), null);
    assert.equal(asked(), 3);
  }));

Deno.test("three bad answers are told with the last of them", () =>
  withService([status(200), status(404)], async (url, asked) => {
    assert.equal(await probe(url), null);
    assert.equal(await probe(url), `GET ${url}: status 404, 3 times`);
    assert.equal(asked(), 4);
  }));

Deno.test("a redirect is no answer, since it leads where nobody allowed it", () =>
  withService([status(302, { location: "http://127.0.0.1:1/" })], async (url) => {
    assert.match(await probe(url) ?? "", /status 302/);
  }));

Deno.test("a service that does not answer in time, or at all, is not well", async () => {
  const never = Promise.withResolvers<Response>();
  await withService([() => never.promise], async (url) => {
    const problem = await probe(url, { tries: 1, tryMs: 1, pauseMs: 1 });
    assert.match(problem ?? "", /no answer within 1 ms/);
    never.resolve(new Response());
  });
  assert.match(await probe("http://127.0.0.1:1/") ?? "", /3 times$/);
});
