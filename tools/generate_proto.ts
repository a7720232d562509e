/**
 * Generates `shared/proto/agent.ts` from `agent.proto`. Run by `deno task proto`; with `--check` it only compares.
 */
const PROTO_FOLDER = "shared/proto";
const BUF = "npm:@bufbuild/buf@1.70.0";
const TS_PROTO = "npm:ts-proto@2.18.0/protoc-gen-ts_proto";
const PLUGIN_OPTIONS = [
  "outputServices=grpc-js",
  "esModuleInterop=true",
  "importSuffix=.ts",
  "forceLong=number",
  "env=node",
  "useExactTypes=false",
  "outputPartialMethods=true",
  "outputJsonMethods=false",
  "removeEnumPrefix=true",
  "unrecognizedEnum=false",
];

async function generate(outFolder: string): Promise<void> {
  const template = JSON.stringify({
    version: "v2",
    plugins: [{
      local: [Deno.execPath(), "run", "-A", TS_PROTO],
      out: outFolder,
      opt: PLUGIN_OPTIONS,
    }],
  });
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", BUF, "generate", "--template", template, PROTO_FOLDER],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("buf generate failed; its message stands above");
}

if (import.meta.main) {
  if (Deno.args.includes("--check")) {
    const folder = await Deno.makeTempDir();
    await generate(folder);
    const fresh = await Deno.readTextFile(`${folder}/agent.ts`);
    await Deno.remove(folder, { recursive: true });
    if (fresh !== await Deno.readTextFile(`${PROTO_FOLDER}/agent.ts`)) {
      console.error(
        `${PROTO_FOLDER}/agent.ts is not what agent.proto generates. Run: deno task proto`,
      );
      Deno.exit(1);
    }
  } else await generate(PROTO_FOLDER);
}
