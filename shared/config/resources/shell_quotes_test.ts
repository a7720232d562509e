import assert from "node:assert/strict";
import { quotesPlaceholder } from "./shell_quotes.ts";

Deno.test("a path inside quotes or behind a backslash is found, whatever closes or escapes them", () => {
  const quoted = [
    ...[`test -s '%'`, `test -s "%"`, `a 'b' "c %"`, `a "it's %"`, `a "\\"%"`, `a '\\' "%"`],
    ...[`a "%%%"`, `a \\%`, `a '\\%'`, `a 'b\n%'`, `sh -c 'test -s %'`, `a %% "$(b %)"`],
  ];
  for (const line of quoted) assert.equal(quotesPlaceholder(line), true, line);
  const free = [
    ...[`visudo -cf %`, `a --file=% 'b'`, `a '\\' %`, `a "\\"" %`, `a \\' % \\'`, `a "it's" %`],
    ...[`grep -q '100%%' %`, `grep "%%" %`, `a \\\\ %`, `a 'b'%'c'`],
  ];
  for (const line of free) assert.equal(quotesPlaceholder(line), false, line);
});
