import assert from "node:assert/strict";
import fc from "fast-check";
import { AgentConfigError, parseAgentConfig, renderAgentConfig } from "./agent_config.ts";

const BASE = `server: "a.example:1530"\nrest: "https://a.example:8443"\n`;

Deno.test("a configuration that bootstrap wrote is read back", () => {
  const config = parseAgentConfig(
    renderAgentConfig({ server: "a.example:1530", rest: "https://a.example:8443" }),
    "config",
  );
  assert.equal(config.server, "a.example:1530");
  assert.equal(config.log.level, "info");
  assert.equal(config.interval, undefined);
});

Deno.test("durations and swarm settings are parsed", () => {
  const config = parseAgentConfig(
    `${BASE}interval: 5s\nbundle_max_age: 24h\nswarm:\n  listen_address: 127.0.0.7\n`,
    "config",
  );
  assert.equal(config.interval, 5_000);
  assert.equal(config.bundle_max_age, 86_400_000);
  assert.equal(config.swarm.listen_address, "127.0.0.7");
});

for (
  const [text, wanted] of [
    [`${BASE}intervall: 5s\n`, /^config:3:1: intervall: unknown key/],
    [`${BASE}interval: 5\n`, /^config:3:1: interval: /],
    [`${BASE}interval: 10ms\n`, /^config:3:1: interval: /],
    [
      `${BASE}swarm:\n  announce_address: vigo.example.com:1531\n`,
      /^config:4:3: swarm\.announce_address: expected an IPv4 address and a port/,
    ],
    [`${BASE}swarm:\n  port: 0\n`, /^config:4:3: swarm\.port: /],
    [`${BASE}swarm:\n\tport: 1\n`, /^config:4:1: .*[Tt]ab/],
    [`${BASE}server: "b:1"\n`, /^config:3:1: .*unique/],
    [`rest: "https://a:1"\n`, /^config:1:1: server: /],
    [`server: "a:1"\nrest: "http://a:1"\n`, /^config:2:1: rest: expected "https/],
  ] as const
) {
  Deno.test(`a mistake is named with its position: ${JSON.stringify(text.slice(BASE.length))}`, () => {
    assert.throws(
      () => parseAgentConfig(text, "config"),
      (error) => error instanceof AgentConfigError && wanted.test(error.message),
    );
  });
}

Deno.test("any text at all is parsed or refused with a configuration error", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      parseAgentConfig(text, "config");
    } catch (error) {
      assert.ok(error instanceof AgentConfigError, String(error));
    }
  }));
});
