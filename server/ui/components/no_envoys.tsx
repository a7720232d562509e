import { Empty } from "./notice.tsx";
import { Command } from "./text.tsx";

/** What a fleet without machines needs first. */
export function NoEnvoys() {
  return (
    <Empty title="No machine is enrolled yet.">
      <p>
        On the server's host: <Command>vigocli enroll token create --hostname web-1</Command>{" "}
        prints a token, and the command that the machine is enrolled with.
      </p>
    </Empty>
  );
}
