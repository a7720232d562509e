import type { ConditionValue } from "./condition_value.ts";
import type { ConditionFacts } from "./condition_facts.ts";

/** What a function of the machine answers: a value of undefined means that it is not known. */
export type MachineAnswer =
  | { readonly value: boolean | undefined }
  | { readonly problem: string };

/**
 * - `os_family("debian")`: whether that is the family, distribution or type of the operating system, whatever the case.
 * - `is_container()`: whether the machine is a container.
 * - `has_trait("cloud.provider")`: whether there is such a trait.
 * - `port_listening(80)`: whether something listens on that TCP port.
 *
 * Undefined for any other name.
 */
export function callMachineFunction(
  name: string,
  values: readonly ConditionValue[],
  facts: ConditionFacts,
): MachineAnswer | undefined {
  const [argument] = values;
  switch (name) {
    case "os_family":
      if (values.length !== 1 || typeof argument !== "string") {
        return { problem: 'os_family() takes one text, like os_family("debian")' };
      }
      return { value: isOsFamily(argument, facts) };
    case "is_container":
      if (values.length > 0) return { problem: "is_container() takes nothing" };
      return { value: isContainer(facts) };
    case "has_trait":
      if (values.length !== 1 || typeof argument !== "string" || argument === "") {
        return { problem: 'has_trait() takes one path, like has_trait("cloud.provider")' };
      }
      return { value: hasTrait(argument.split("."), facts) };
    case "port_listening": {
      const port = typeof argument === "bigint" ? Number(argument) : argument;
      const isPort = typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65536;
      if (values.length !== 1 || !isPort) {
        return { problem: "port_listening() takes a port from 1 to 65535" };
      }
      return { value: facts.portListening(port) };
    }
  }
  return undefined;
}

function isOsFamily(sought: string, facts: ConditionFacts): boolean | undefined {
  const wanted = sought.toLowerCase();
  const names = ["family", "distro", "type"].map((key) => readTrait(facts.traits, ["os", key]));
  if (names.some((name) => typeof name === "string" && name.toLowerCase() === wanted)) return true;
  return names.every((name) => name === undefined) ? undefined : false;
}

function isContainer({ traits }: ConditionFacts): boolean | undefined {
  const inside = readTrait(traits, ["container", "inside"]);
  return typeof inside === "boolean" ? inside : undefined;
}

/** Of traits whose collector has told something what is missing is not there. */
function hasTrait(path: readonly string[], facts: ConditionFacts): boolean | undefined {
  if (readTrait(facts.traits, path) !== undefined) return true;
  const [collector = ""] = path;
  if (facts.failedCollectors?.includes(collector)) return undefined;
  const isTold = readTrait(facts.traits, [collector]) !== undefined;
  return isTold || facts.missingTraits === "absent" ? false : undefined;
}

function readTrait(traits: object | undefined, path: readonly string[]): unknown {
  let value: unknown = traits;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
