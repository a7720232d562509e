import { archive } from "./archive.ts";
import { type Binding, bindResource, type GivenParameters } from "./bind_resource.ts";
import { blockInFile } from "./blockinfile.ts";
import { cron } from "./cron.ts";
import { custom } from "./custom.ts";
import { directory } from "./directory.ts";
import { exec } from "./exec.ts";
import { file } from "./file.ts";
import { fileLine } from "./file_line.ts";
import { firewall } from "./firewall.ts";
import { git } from "./git.ts";
import { group } from "./group.ts";
import { host } from "./host.ts";
import { hostname } from "./hostname.ts";
import { ini } from "./ini.ts";
import { jsonFile } from "./json_file.ts";
import { mount } from "./mount.ts";
import { packageResource } from "./package.ts";
import { process } from "./process.ts";
import type { ResourceType } from "./resource.ts";
import { repository } from "./repository.ts";
import { service } from "./service.ts";
import { sshAuthorizedKey } from "./ssh_authorized_key.ts";
import { sshKnownHost } from "./ssh_known_host.ts";
import { symlink } from "./symlink.ts";
import { sysctl } from "./sysctl.ts";
import { timezone } from "./timezone.ts";
import { user } from "./user.ts";

type Binder = (given: GivenParameters) => Binding;

/** The resource types an agent knows, by name. */
export class Registry {
  readonly #binders = new Map<string, Binder>();

  /** Adds a type; a later one of the same name takes its place. */
  register<Params>(type: ResourceType<Params>): this {
    this.#binders.set(type.type, (given) => bindResource(type, given));
    return this;
  }

  /** The names of the types, in the order in which they were added. */
  types(): readonly string[] {
    return [...this.#binders.keys()];
  }

  /** Checks parameters with the schema of their type. A refusal is a reason: the parameters came from outside. */
  bind(type: string, given: GivenParameters): Binding {
    const binder = this.#binders.get(type);
    if (binder === undefined) {
      const known = this.types().join(", ");
      return {
        ok: false,
        reason: `resource type "${type}" is unknown to this agent; it knows ${known}`,
      };
    }
    return binder(given);
  }
}

/** Every type this agent can apply. */
export function standardRegistry(): Registry {
  return new Registry()
    .register(file)
    .register(directory)
    .register(symlink)
    .register(exec)
    .register(packageResource)
    .register(repository)
    .register(service)
    .register(user)
    .register(fileLine)
    .register(blockInFile)
    .register(jsonFile)
    .register(ini)
    .register(sshAuthorizedKey)
    .register(sshKnownHost)
    .register(host)
    .register(cron)
    .register(group)
    .register(custom)
    .register(hostname)
    .register(timezone)
    .register(sysctl)
    .register(mount)
    .register(git)
    .register(archive)
    .register(firewall)
    .register(process);
}
