import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Rival } from "./converge_rival.ts";
import { measureProcess } from "./converge_sample.ts";
import { type ConvergeSet, COPY, type ManagedResource, SAME } from "./converge_set.ts";

const summarySchema = z.object({
  resources: z.object({ failed: z.number() }),
  time: z.object({ catalog_application: z.number() }),
});

/** `puppet apply` with a manifest of the same resources; what it says of applying leaves compiling the manifest out. */
export const PUPPET: Rival = {
  name: "puppet",
  command: "puppet",
  debianPackage: "puppet",
  async open(folder, set) {
    const target = join(folder, "managed");
    const manifest = join(folder, "converge.pp");
    await Deno.writeTextFile(manifest, toPuppetManifest(set, target));
    const folders = ["confdir", "vardir", "rundir", "logdir", "publicdir"];
    const args = [
      "apply",
      "--color=false",
      ...folders.flatMap((name) => [`--${name}`, join(folder, name)]),
      manifest,
    ];
    return {
      name: "puppet",
      target,
      run: async () => {
        const { printed: _, ...sample } = await measureProcess("puppet", args);
        const { resources, time } = summarySchema.parse(
          parse(await Deno.readTextFile(join(folder, "publicdir/last_run_summary.yaml"))),
        );
        if (resources.failed > 0) throw new Error(`puppet: ${resources.failed} resources failed`);
        return { ...sample, applyMs: time.catalog_application * 1000 };
      },
    };
  },
};

/** The set as a manifest of Puppet, which finds out by itself what lies in which folder. */
export function toPuppetManifest(set: ConvergeSet, root: string): string {
  return set.resources.map((resource) => declare(resource, set.owner, root)).join("\n");
}

function declare(resource: ManagedResource, owner: string, root: string): string {
  const path = quote(join(root, resource.path));
  const owned = `owner => ${quote(owner)}`;
  switch (resource.kind) {
    case "folder":
      return `file { ${path}: ensure => directory, mode => '${resource.mode}', ${owned} }`;
    case "file": {
      const content = quote(resource.content);
      return `file { ${path}: ensure => file, mode => '${resource.mode}', ${owned}, content => ${content} }`;
    }
    case "symlink":
      return `file { ${path}: ensure => link, target => ${quote(resource.target)} }`;
    case "copy": {
      const from = quote(join(root, resource.from));
      // A list of lists: one command in words, where a list of texts would be several command lines.
      const guard = resource.guard === "creates"
        ? `creates => ${path}`
        : `unless => [['${SAME}', '-s', ${from}, ${path}]]`;
      const name = quote(`copy to ${resource.path}`);
      return `exec { ${name}: command => ['${COPY}', ${from}, ${path}], ${guard}, require => File[${from}] }`;
    }
  }
}

/** A single-quoted string of Puppet's language, in which only these two are special. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, (found) => `\\${found}`)}'`;
}
