const NAMED_ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["amp", "&"],
]);

/** What `deno test` says of a test whose own code passed and one of whose steps did not. */
const FAILED_BY_ITS_STEPS = /^\d+ test steps? failed$/;

/**
 * The failed tests and steps of one JUnit report of `deno test`, a line each: file, name and the first line of the
 * error. A test that failed by its steps alone is left out, since its steps are there.
 *
 * @param report the XML, or `undefined` if there is none.
 */
export function listFailedTests(report: string | undefined): readonly string[] {
  const failed: string[] = [];
  const cases = (report ?? "").matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<(?:failure|error) message="([^"]*)"/g,
  );
  for (const [, name = "", file = "", message = ""] of cases) {
    if (FAILED_BY_ITS_STEPS.test(message)) continue;
    const [firstLine = ""] = decodeXml(message).split("\n");
    failed.push(`${decodeXml(file)}: ${decodeXml(name)}: ${firstLine}`);
  }
  return failed;
}

function decodeXml(text: string): string {
  return text.replace(/&(\w+);/g, (entity, name: string) => NAMED_ENTITIES.get(name) ?? entity);
}
