import assert from "node:assert/strict";
import { noteNextPage } from "./next_page.ts";

Deno.test("the next page is named in words for a shell, and the last page names none", () => {
  const notes: string[] = [];
  const output = { note: (text: string) => void notes.push(text) };
  noteNextPage(output, null);
  noteNextPage(output, "web-1 it's\x1b[31m");
  assert.deepEqual(notes, [
    String.raw`There are more: go on with --cursor 'web-1 it'\''s\u{1b}[31m'`,
  ]);
});
