/** Tries, with the rights of the engine's worker, what that worker must not be able to do. */
self.addEventListener("message", (event) => {
  const folder: unknown = (event as MessageEvent).data;
  if (typeof folder !== "string") throw new TypeError("Cannot probe: no folder was given");
  const attempts: Record<string, () => unknown> = {
    "read its own folder": () => Deno.readTextFileSync(`${folder}/own`),
    "start a program": () =>
      new Deno.Command(Deno.build.os === "windows" ? "cmd" : "true").outputSync(),
    "read another folder": () => Deno.readTextFileSync("/etc/hostname"),
    "write another folder": () => Deno.writeTextFileSync(`${folder}/../vigo-probe`, ""),
    "read the environment": () => Deno.env.get("PATH"),
    "link out of its folder": () => Deno.symlinkSync("/etc", `${folder}/etc`),
    "load native code": () => Deno.dlopen("libc.so.6", {}),
  };
  const verdicts = Object.entries(attempts).map(([what, attempt]) => {
    try {
      attempt();
      return [what, "allowed"];
    } catch (error) {
      return [what, error instanceof Deno.errors.NotCapable ? "NotCapable" : String(error)];
    }
  });
  // In a worker `self` is the worker's scope, which the default types do not know.
  (self as unknown as Worker).postMessage(Object.fromEntries(verdicts));
});
