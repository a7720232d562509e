import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { readKeyFile, seal, unseal } from "./sealed_file.ts";

const CONTENT = new TextEncoder().encode("what a server needs");

function bytes() {
  return ReadableStream.from([CONTENT]);
}

/** Whether the command line is at fault, in one line. */
function usage(expected: RegExp) {
  return (error: unknown) =>
    error instanceof UserError && error.exitCode === EXIT_CODE.usage &&
    expected.test(error.message) && !/os error|\n/.test(error.message);
}

Deno.test("what was sealed to a key is opened by it and by no other", async () => {
  await using root = await TemporaryRoot.create();
  const identity = await generateX25519Identity();
  const path = root.join("sealed");
  const sealed = await seal(bytes(), [await identityToRecipient(identity)]);
  await Deno.writeFile(path, sealed);
  const opened = Buffer.concat(await Array.fromAsync(unseal(path, [identity])));
  assert.equal(opened.toString(), "what a server needs");
  const other = Array.fromAsync(unseal(path, [await generateX25519Identity()]));
  await assert.rejects(other, /none of the keys opens it/);
});

Deno.test("keys and files that make no sense are mistakes of the command line, in words", async () => {
  await using root = await TemporaryRoot.create();
  const identity = await generateX25519Identity();
  const path = root.join("sealed");
  await Deno.writeFile(path, await seal(bytes(), [await identityToRecipient(identity)]));
  const open = (file: string, ...keys: string[]) => Array.fromAsync(unseal(file, keys));
  await assert.rejects(seal(bytes(), ["age1xyz"]), usage(/Cannot encrypt to "age1xyz"/));
  await assert.rejects(open(path), usage(/Name the file of the key with --identity/));
  await assert.rejects(open(path, "nonsense"), usage(/holds no secret key of age/));
  await assert.rejects(open(root.join("nope")), usage(/nope": no such file or folder$/));
  await assert.rejects(readKeyFile(root.join("nope")), usage(/nope": no such file or folder$/));
  await Deno.writeTextFile(root.join("empty"), "# nothing\n");
  await assert.rejects(readKeyFile(root.join("empty")), usage(/there are none/));
});
