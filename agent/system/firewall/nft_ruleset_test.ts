import assert from "node:assert/strict";
import { EMPTY_MODEL, type FirewallModel, withDefault, withRule } from "./firewall_model.ts";
import { renderRuleset } from "./nft_ruleset.ts";

const PORTS = [1530, 8443, 9443];

/** The lines of one chain. */
function chain(model: FirewallModel, name: string): readonly string[] {
  const lines = renderRuleset(model, PORTS).split("\n").map((line) => line.trim());
  const start = lines.indexOf(`chain ${name} {`);
  return lines.slice(start + 1, lines.indexOf("}", start));
}

const CLOSED = withRule(
  withDefault(EMPTY_MODEL, "out", { action: "drop", protectManagement: true }),
  { name: "all", direction: "out", proto: "tcp", action: "reject", order: 0 },
);

Deno.test("what the agent needs stands before every rule", () => {
  const [policy, ...rules] = chain(CLOSED, "output");
  assert.equal(policy, "type filter hook output priority 0; policy drop;");
  const own = rules.findIndex((line) => line.includes('"vigo: all"'));
  const server = rules.findIndex((line) => line.includes("tcp dport { 1530, 8443, 9443 } accept"));
  const open = rules.findIndex((line) => line.startsWith("ct state established,related accept"));
  assert.ok(open === 0 && server > 0 && own === rules.length - 1, rules.join("\n"));
});

Deno.test("only who asks for it loses the way to the server", () => {
  const model = withDefault(CLOSED, "out", { action: "drop", protectManagement: false });
  assert.deepEqual(chain(model, "output").slice(1), [
    'meta l4proto tcp reject with tcp reset comment "vigo: all"',
  ]);
  assert.equal(chain(model, "input").length, 6);
});

Deno.test("rules stand by order, then by name", () => {
  let model: FirewallModel = EMPTY_MODEL;
  for (const [name, order] of [["b", 500], ["c", 10], ["a", 500]] as const) {
    model = withRule(model, { name, order, direction: "in", action: "drop" });
  }
  assert.deepEqual(chain(model, "input").slice(-3), [
    'drop comment "vigo: c"',
    'drop comment "vigo: a"',
    'drop comment "vigo: b"',
  ]);
});

Deno.test("protocols are written as nft knows them without a table of names", () => {
  const written = (["icmp", "icmpv6", "igmp"] as const).map((proto) => {
    const rule = { name: "a", direction: "in", proto, action: "accept", order: 1 } as const;
    return chain(withRule(EMPTY_MODEL, rule), "input").at(-1);
  });
  assert.deepEqual(
    written,
    ["icmp", "ipv6-icmp", "2"].map((word) => `meta l4proto ${word} accept comment "vigo: a"`),
  );
});

Deno.test("a rule is written with all that it asks for", () => {
  const model = withRule(EMPTY_MODEL, {
    name: "web",
    direction: "in",
    proto: "tcp",
    ports: ["80-90", "85", "443"],
    source: ["2001:db8::/32", "2001:db8::1"],
    interface: "eth0",
    action: "accept",
    order: 500,
  });
  assert.equal(
    chain(model, "input").at(-1),
    'iifname "eth0" ip6 saddr { 2001:db8::/32 } tcp dport { 80-90, 443 } accept comment "vigo: web"',
  );
});

Deno.test("without anything asked for the table goes", () => {
  assert.equal(
    renderRuleset(EMPTY_MODEL, PORTS),
    "table inet vigo {}\ndelete table inet vigo\n",
  );
});
