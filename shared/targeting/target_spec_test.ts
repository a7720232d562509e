import assert from "node:assert/strict";
import { MAX_TARGET_SPEC_LENGTH, parseTargetSpec } from "./target_spec.ts";
import { MAX_TARGET_TERMS } from "./target_split.ts";
import { TargetSpecError } from "./target_spec_error.ts";
import type { TargetSubject } from "./target_subject.ts";

const WEB: TargetSubject = {
  hostname: "web-01.example.com",
  uuid: "3f0c2a52-9d3e-4a39-8a6e-0c1de5b7a001",
  traits: {
    os: { distro: "debian", version: "12" },
    memory: { total_mb: 8192 },
    dmi: { product_name: "PowerEdge R750" },
    users: ["root", "anna"],
    mountpoints: [{ path: "/" }, { path: "/var" }],
    packages: { "python3.11": "3.11.2" },
    groups: [],
    temperature: -5,
    virtual: false,
  },
  tags: { role: "web", rack: "12", "viz.color": "green", note: "a,b & c" },
};
const DB: TargetSubject = {
  hostname: "db-1",
  uuid: "3f0c2a52-9d3e-4a39-8a6e-0c1de5b7a002",
  traits: {},
  tags: {},
};

function select(source: string): string {
  const spec = parseTargetSpec(source);
  return [WEB, DB].filter((subject) => spec.matches(subject)).map((subject) =>
    subject.hostname.slice(0, 2)
  ).join(" ");
}

Deno.test("each way to name envoys selects the ones it means and no others", () => {
  const cases: readonly [source: string, selected: string][] = [
    ["*", "we db"],
    ["*.example.*", "we"],
    ["WEB-01.Example.COM", "we"],
    ["web-[0-9]1*", "we"],
    ["web-[^0]*", ""],
    ["3F0C2A52-9D3E-4A39-8A6E-0C1DE5B7A002", "db"],
    ["web-*,db-*", "we db"],
    [" web-* , db-1 ", "we db"],
    ["web-* & db-*", ""],
    ["web-* & os.distro=debian", "we"],
    ["db-1,web-*&os.distro=ubuntu", "db"],
    ["dmi.product_name=PowerEdge R750", "we"],
    ['dmi.product_name="PowerEdge R750"', "we"],
    ["memory.total_mb>4000", "we"],
    ["memory.total_mb > 4000 & memory.total_mb < 9000", "we"],
    ["memory.total_mb>8192", ""],
    ["memory.total_mb=8192.0", "we"],
    ["os.version>9", "we"],
    ["os.distro>9", ""],
    ['temperature="-5"', "we"],
    ['temperature<"-4"', "we"],
    ["virtual=false", "we"],
    ["users=anna", "we"],
    ["users~an*", "we"],
    ["users!=anna", ""],
    ["users!=bert", "we"],
    ["groups!=docker", "we"],
    ["groups=docker", ""],
    ["mountpoints.path=/var", "we"],
    ['packages."python3.11"~3.*', "we"],
    ["os.distro~DEB*", ""],
    ["tag:role=web", "we"],
    ["tag:role!=db", "we"],
    ["tag:rack>5", "we"],
    ["tag:viz.color~gr*", "we"],
    ['tag:note="a,b & c"', "we"],
    ["tag:constructor~*", ""],
    ["-web-*", "db"],
    ["-web-*,-db-*", ""],
    ["*,-web-*", "db"],
    ["-web-*,*", "db"],
    ["-web-* & os.distro=ubuntu", "we db"],
    ["-web-* & os.distro=debian", "db"],
    ["* & -os.distro=debian", "db"],
    ["-tag:role=web", "db"],
    ["-*", ""],
  ];
  for (const [source, selected] of cases) assert.equal(select(source), selected, source);
});

Deno.test("an absent trait or tag passes no filter, not even !=", () => {
  for (const filter of ["os.distro!=windows", "os.distro~*", "os.version<99", "tag:role!=db"]) {
    assert.equal(select(filter), "we", filter);
  }
});

Deno.test("a trait that is an object equals nothing and differs from nothing", () => {
  assert.equal(select("os=debian"), "");
  assert.equal(select("os!=debian"), "");
});

Deno.test("a UUID never selects a host that is merely named so", () => {
  const spec = parseTargetSpec(DB.uuid);
  assert.equal(spec.matches({ ...WEB, hostname: DB.uuid }), false);
});

Deno.test("what cannot be read is refused with the place and the remedy", () => {
  const cases: readonly [source: string, message: string][] = [
    [
      "web-*,",
      'Cannot read target "web-*,": empty pattern at position 7. Remove the comma or add a pattern',
    ],
    ["a,,b", "empty pattern at position 3. Remove the comma or add a pattern"],
    [",a", "empty pattern at position 1. Remove the comma or add a pattern"],
    ["a & ", 'empty pattern at position 4. Remove the "&" or add a pattern'],
    ["", "nothing is named at position 1. Name hosts"],
    ["   ", "nothing is named at position 1. Name hosts"],
    ["-", 'nothing after "-" at position 2. Remove the "-" or add a pattern'],
    ["a,- ", 'nothing after "-" at position 4.'],
    ["--a", 'a second "-" at position 2. Remove it, or quote'],
    ["-a & -b", '"-" inside an exclusion at position 6. Write what to take out as parts'],
    ["!web", '"!" in front of a pattern at position 1. Write "-" to take envoys out'],
    ["web-[", 'malformed pattern ("[" is never closed) at position 1. Add "]"'],
    ["web-(a|b)", "malformed pattern (parentheses are not groups here) at position 1"],
    ["web-{1,2}", '"web-{1", which is neither a hostname pattern nor a filter, at position 1'],
    ["web 1", "which is neither a hostname pattern nor a filter, at position 1. Separate hosts"],
    ["wéb", "which is neither a hostname pattern nor a filter"],
    ['"a=b"', "which is neither a hostname pattern nor a filter"],
    ["os.distro=", 'no value after "=" at position 11. Add the value'],
    ["os.distro==debian", 'unknown operator "==" at position 10. Use =, !=, >, < or ~'],
    ["memory.total_mb>=4000", 'unknown operator ">=" at position 16'],
    ["os!debian", 'unknown operator "!" at position 3'],
    ["memory.total_mb>4 GB", '"4 GB" after ">", which compares numbers, at position 17'],
    ["a>1e999", '"1e999" after ">", which compares numbers, at position 3'],
    ["a=-1", 'value beginning with "-" at position 3. Quote it: ="-1"'],
    ["a= =b", 'value beginning with "=" at position 4. Quote it'],
    ['a=5" disk', "a double quote that is never closed at position 4"],
    ['a=5"x"', "a double quote inside a value at position 4. Quote the whole value"],
    ['a="x', "a double quote that is never closed at position 3"],
    ['a="x"y', "more text after a closing quote at position 6"],
    ['a="\\n"', "a lone backslash in quotes at position 4. Double it"],
    ["a~[", 'malformed glob ("[" is never closed) at position 3'],
    ["=x", "empty trait name at position 1"],
    ["os..distro=x", "empty trait name at position 4"],
    ["o*s=x", '"o*s" as the name of a trait at position 1. Write it in double quotes'],
    ["tag:=x", "empty tag name at position 5"],
    ["tag:role", "missing operator at position 9. Write tag:role=VALUE, or tag:role~* for any"],
    ["web\n", "character U+000A at position 4"],
    ["web\u202e", "character U+202E at position 4"],
    ["a=x\u00a0y", "character U+00A0 at position 4"],
    [`${"a.".repeat(16)}a=x`, "a trait path of 17 names, over the limit of 16,"],
  ];
  for (const [source, message] of cases) {
    assert.throws(() => parseTargetSpec(source), (error) => {
      assert.ok(error instanceof TargetSpecError, source);
      assert.ok(error.message.includes(message), `${error.message}\nlacks\n${message}`);
      return true;
    });
  }
});

Deno.test("the longest spec is read, a longer one is refused without repeating it", () => {
  const longest = `tag:a=${"b".repeat(MAX_TARGET_SPEC_LENGTH - 6)}`;
  assert.equal(parseTargetSpec(longest).toString(), longest);
  assert.throws(() => parseTargetSpec(`${longest}b`), (error) => {
    assert.ok(error instanceof TargetSpecError);
    assert.match(error.message, /more than 4096 characters at position 4097/);
    assert.ok(error.message.length < 500);
    return true;
  });
});

Deno.test("as many conditions as the limit are read, one more is refused", () => {
  const terms = Array.from({ length: MAX_TARGET_TERMS }, () => "a");
  assert.equal(parseTargetSpec(terms.join("&")).matches({ ...DB, hostname: "a" }), true);
  assert.throws(() => parseTargetSpec([...terms, "a"].join(",")), /more than 512 conditions at/);
});

Deno.test("the canonical text has one spelling", () => {
  const cases: readonly [source: string, canonical: string][] = [
    [" WEB-* ,  db-1 ", "web-*,db-1"],
    ["a & -b , c", "a,c,-b"],
    ["-b, a", "a,-b"],
    ['os.x = "y"', "os.x=y"],
    ['os."x" != "a,b"', 'os.x!="a,b"'],
    ['"-web"', '"-web"'],
    ['tag:"a b"=x', 'tag:"a b"=x'],
    ['a=" x"', 'a=" x"'],
    ['a=""', 'a=""'],
    ['a="\\"\\\\"', 'a="\\"\\\\"'],
  ];
  for (const [source, canonical] of cases) {
    assert.equal(parseTargetSpec(source).toString(), canonical, source);
  }
});
