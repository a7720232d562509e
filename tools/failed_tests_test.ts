import assert from "node:assert/strict";
import { listFailedTests } from "./failed_tests.ts";

const REPORT = `<testsuites name="deno test" tests="4" failures="3" errors="0" time="0.013">
    <testsuite name="./a_test.ts" tests="4" disabled="0" errors="0" failures="3">
        <testcase name="passes" classname="./a_test.ts" time="0.004" line="1" col="6">
        </testcase>
        <testcase name="holds &lt;b&gt; &amp; &apos;c&apos;" classname="./a_test.ts" time="0.001" line="2" col="6">
            <failure message="Uncaught Error: wants &quot;x&quot;
second line">Error: more</failure>
        </testcase>
        <testcase name="outer" classname="./a_test.ts" time="0.001" line="3" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="outer &gt; inner" classname="./a_test.ts" time="0.000" line="3" col="43">
            <failure message="Uncaught Error: deep">Error: deep</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("failed tests are named with file and first line, and a test by its failed steps", () => {
  assert.deepEqual(listFailedTests(REPORT), [
    `./a_test.ts: holds <b> & 'c': Uncaught Error: wants "x"`,
    "./a_test.ts: outer > inner: Uncaught Error: deep",
  ]);
});

Deno.test("no report names no test", () => {
  assert.deepEqual(listFailedTests(undefined), []);
});
