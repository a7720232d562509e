import { statSync } from "node:fs";
import { errorCode } from "./file_error.ts";
import { BASE_ENVIRONMENT, type RunAs } from "./processes.ts";

/** Where setpriv(1) of util-linux stands; only root may write there, whatever `PATH` a command is given. */
const SETPRIV_PATHS = ["/usr/bin/setpriv", "/bin/setpriv", "/usr/sbin/setpriv"];
/** What {@linkcode switchUser} calls the command's variables until the user is changed; it means nothing to any program. */
const CARRIED = "VIGO_CARRIED_";
/** Names that may stand in the text of a shell script. */
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What shells set by themselves; a command gets them only where it is given them. */
const SHELL_VARIABLES = ["PWD", "OLDPWD", "SHLVL"];

/** A program to start as root, which becomes a user's. */
export interface UserSwitch {
  readonly argv: readonly [string, ...string[]];
  /** The complete environment to start it with. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A program that takes on a user, its group and its other groups, and then is `argv` with `environment` on top of
 * {@linkcode BASE_ENVIRONMENT}.
 *
 * The environment of a command belongs to its user: `PATH` says which program a name means, and `LD_PRELOAD` which code
 * the loader puts into it. Neither may reach a process that is still root, and setpriv(1) is root until it has changed
 * the user. So it is found by a fixed path and started with the base environment. The command's variables travel with it
 * under names that mean nothing, and a shell, which runs as the user already, gives them their own names before it
 * becomes the command. Their values never stand in arguments, which everybody can read, nor in a file.
 *
 * @throws {Error} if setpriv is missing or a variable's name is none.
 */
export function switchUser(
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  { uid, gid, groups }: RunAs,
): UserSwitch {
  const carried: Record<string, string> = {};
  const lines = [`unset ${SHELL_VARIABLES.join(" ")}`];
  for (const [index, [name, value]] of Object.entries(environment).entries()) {
    if (!VARIABLE_NAME.test(name)) {
      throw new Error(`Cannot give a command the variable "${name}": expected a name like PATH`);
    }
    carried[`${CARRIED}${index}`] = value;
    lines.push(`export ${name}="$${CARRIED}${index}"; unset ${CARRIED}${index}`);
  }
  lines.push('exec "$@"');
  return {
    argv: [
      findSetpriv(),
      `--reuid=${uid}`,
      `--regid=${gid}`,
      groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`,
      "--",
      "/bin/sh",
      "-c",
      lines.join("\n"),
      "sh",
      ...argv,
    ],
    environment: { ...BASE_ENVIRONMENT, ...carried },
  };
}

function findSetpriv(): string {
  const found = SETPRIV_PATHS.find(isFile);
  if (found !== undefined) return found;
  throw new Error(
    `Cannot run a command with a user's groups: there is no setpriv in ${
      SETPRIV_PATHS.join(", ")
    }; install util-linux`,
  );
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}
