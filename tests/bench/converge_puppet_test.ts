import assert from "node:assert/strict";
import { toPuppetManifest } from "./converge_puppet.ts";
import { makeConvergeSet } from "./converge_set.ts";

const set = makeConvergeSet(50, "mara");
const manifest = toPuppetManifest(set, "/srv/x");

Deno.test("a quoted text of the manifest reads back as the content", () => {
  const texts = [...manifest.matchAll(/content => '((?:\\.|[^\\'])*)'/gs)].map(([, quoted]) =>
    quoted?.replaceAll(/\\([\\'])/g, "$1")
  );
  const contents = set.resources.flatMap((one) => one.kind === "file" ? [one.content] : []);
  assert.deepEqual(texts, contents);
});

Deno.test("the manifest declares every resource once, in Puppet's own types", () => {
  assert.equal([...manifest.matchAll(/^(file|exec) \{ /gm)].length, set.resources.length);
  for (
    const line of [
      "file { '/srv/x/app-0': ensure => directory, mode => '0755', owner => 'mara' }",
      "file { '/srv/x/app-0/current.conf': ensure => link, target => 'part-0.conf' }",
      "exec { 'copy to app-0/initial.conf': command => ['/bin/cp', '/srv/x/app-0/part-0.conf', '/srv/x/app-0/initial.conf'], creates => '/srv/x/app-0/initial.conf', require => File['/srv/x/app-0/part-0.conf'] }",
      "exec { 'copy to app-0/active.conf': command => ['/bin/cp', '/srv/x/app-0/part-0.conf', '/srv/x/app-0/active.conf'], unless => [['/usr/bin/cmp', '-s', '/srv/x/app-0/part-0.conf', '/srv/x/app-0/active.conf']], require => File['/srv/x/app-0/part-0.conf'] }",
    ]
  ) assert.ok(manifest.split("\n").includes(line), line);
});
