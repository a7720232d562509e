import assert from "node:assert/strict";
import fc from "fast-check";
import { sshKnownHostSchema } from "../../../shared/config/resources/ssh_known_host.ts";
import { editKnownHost } from "./edit_known_host.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5BBBB";
const RSA = "ssh-rsa AAAAB3NzaC1yc2E";

function edited(text: string, params: Record<string, unknown>): string {
  const result = editKnownHost(text, sshKnownHostSchema.parse(params));
  return result.ok ? result.text : `refused: ${result.reason}`;
}

Deno.test("a key of the same type is replaced for the names that are meant, others stay", () => {
  assert.equal(
    edited(`a,b ${OLD} x\na ${RSA}\n`, { host: "a", key: KEY }),
    `b ${OLD} x\na ${RSA}\na ${KEY}\n`,
  );
});

Deno.test("every alias has to be known by the key, and only what is missing is added", () => {
  assert.equal(
    edited(`a ${KEY}\n`, { host: "a", aliases: ["10.0.0.1", "b"], key: KEY }),
    `a ${KEY}\n10.0.0.1,b ${KEY}\n`,
  );
  const text = `A,b ${KEY}\n`;
  assert.equal(edited(text, { host: "a", aliases: ["b"], key: KEY }), text);
});

Deno.test("lines with marks, comments and damage stay", () => {
  const text = `@revoked a ${KEY}\n@cert-authority * ${RSA}\n# a ${OLD}\na\n`;
  assert.equal(edited(text, { host: "a", ensure: "absent" }), text);
});

Deno.test("one key of a host is removed, or all", () => {
  const text = `a ${KEY}\na ${RSA}\nb ${KEY}\n`;
  assert.equal(edited(text, { host: "a", key: RSA, ensure: "absent" }), `a ${KEY}\nb ${KEY}\n`);
  assert.equal(edited(text, { host: "a", ensure: "absent" }), `b ${KEY}\n`);
});

Deno.test("a port belongs to the name", () => {
  const text = `a ${OLD}\n`;
  assert.equal(edited(text, { host: "[a]:2222", key: KEY }), `${text}[a]:2222 ${KEY}\n`);
});

Deno.test("an edit of what it made changes nothing", () => {
  const names = fc.constantFrom("a", "b", "a,b", "b,c", "|1|x|y", "@revoked a");
  const line = fc.tuple(names, fc.constantFrom(KEY, OLD, RSA, "junk")).map((parts) =>
    parts.join(" ")
  );
  const text = fc.array(line).map((lines) => lines.join("\n"));
  const ensure = fc.constantFrom("present", "absent");
  fc.assert(fc.property(text, ensure, fc.constantFrom([], ["b"]), (before, ensure, aliases) => {
    const params = sshKnownHostSchema.parse({ host: "a", aliases, key: KEY, ensure });
    const once = editKnownHost(before, params);
    assert.ok(once.ok);
    assert.deepEqual(editKnownHost(once.text, params), once);
  }));
});
