import assert from "node:assert/strict";
import { UserError } from "../../shared/terminal/user_error.ts";
import { AgentConfigError } from "../store/agent_config.ts";
import { explain } from "./explain.ts";

async function explained(error: unknown): Promise<unknown> {
  try {
    return await explain(Promise.reject(error));
  } catch (thrown) {
    return thrown;
  }
}

Deno.test("a mistake in the configuration is one of usage", async () => {
  const error = await explained(new AgentConfigError("config:1:1: server: expected host:port"));
  assert.ok(error instanceof UserError);
  assert.equal(error.exitCode, 2);
});

Deno.test("what the system refuses says where to look and is not called a bug", async () => {
  const missing = await explained(new Deno.errors.NotFound("mkdir '/proc/x'"));
  assert.ok(missing instanceof UserError);
  assert.match(
    missing.message,
    /^Cannot work here: cannot use "\/proc\/x": no such file or folder\. Check the folder/,
  );
  const full = await explained(Object.assign(new Error("write"), { code: "ENOSPC" }));
  assert.ok(full instanceof UserError);
  const forbidden = await explained(new Deno.errors.PermissionDenied("mkdir '/etc/x'"));
  assert.ok(forbidden instanceof UserError);
  assert.equal(forbidden.exitCode, 5);
  const message = "Cannot load the identity of this envoy: signing.key";
  const cause = new Deno.errors.PermissionDenied("open");
  const wrapped = await explained(new Error(message, { cause }));
  assert.ok(wrapped instanceof UserError);
  assert.deepEqual([wrapped.exitCode, wrapped.message], [5, message]);
  const config = await explained(new AgentConfigError("Cannot read the configuration", { cause }));
  assert.ok(config instanceof UserError);
  assert.equal(config.exitCode, 5);
});

Deno.test("an error that nobody foresaw stays what it is", async () => {
  const bug = new RangeError("index 7");
  assert.equal(await explained(bug), bug);
  assert.equal(await explain(Promise.resolve(3)), 3);
});
