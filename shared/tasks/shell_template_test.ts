import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { ShellTemplate } from "./shell_template.ts";

function parse(text: string): ShellTemplate {
  const parsed = ShellTemplate.parse(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.template;
}

function mistakesOf(text: string): (readonly [offset: number, message: string])[] {
  const parsed = ShellTemplate.parse(text);
  return parsed.ok ? [] : parsed.mistakes.map(({ offset, message }) => [offset, message]);
}

/** Every shell that is `sh` somewhere and is here. */
const SHELLS = [["sh"], ["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]].filter((
  [program = "", ...args],
) => spawnSync(program, [...args, "-c", ":"]).status === 0);

/** The arguments with which a shell starts a program, byte for byte. */
function argumentsIn([program = "", ...args]: readonly string[], command: string): string[] {
  const script = `show() { for each in "$@"; do printf '%s\\0' "$each"; done; }\n${command}`;
  const { status, stdout, stderr } = spawnSync(program, [...args, "-c", script], {
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  assert.deepEqual([status, stderr.toString()], [0, ""], command);
  return stdout.toString().split("\0").slice(0, -1);
}

/** Texts full of what a shell acts on, and random ones. */
const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(..."'\"\\`$(){}[]<>|&;#!*?~= \t\n\r\x1b"),
    fc.constantFrom(
      "$(exit 9)",
      "`exit 9`",
      "'; exit 9; '",
      "'\\''",
      "\n exit 9\n",
      "-n",
      "{{ params.a }}",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.integer({ min: 1, max: 0xff }).map((byte) => String.fromCharCode(byte)),
  ),
  { maxLength: 12 },
).map((parts) => parts.join("")).filter((text) => !text.includes("\0") && text.isWellFormed());

/** Commands that show their arguments, and what stands around the values in them. */
const PLACES: readonly (readonly [command: string, shown: (a: string, b: string) => string[]])[] = [
  ["show {{ params.a }} {{params.b}}", (a, b) => [a, b]],
  ["show --x={{ params.a }}{{ params.b }}.d", (a, b) => [`--x=${a}${b}.d`]],
  ["show 'it'\"s\"{{ params.a }}'' {{ params.b }}", (a, b) => [`its${a}`, b]],
  ['# don\'t\nx={{ params.a }}; show "$x" {{ params.b }}', (a, b) => [a, b]],
  ['show $(:) "$(echo one) ${#} $((1 + 2))" {{ params.a }}{{ params.b }}', (a, b) => [
    "one 0 3",
    a + b,
  ]],
  ["if true; then (show {{ params.a }}) ; fi; show a#{{ params.b }} \\' # x", (a, b) => [
    a,
    `a#${b}`,
    "'",
  ]],
  ["case {{ params.a }} in {{ params.a }}) show {{ params.b }};; esac", (_, b) => [b]],
  ['show {{ "{{" }}.Names}} {{ params.a }} \'{{ "{{" }}\' {{ params.b }}', (a, b) => [
    "{{.Names}}",
    a,
    "{{",
    b,
  ]],
  ["show \\\n {{ params.a }} $# $$x >/dev/null\nshow {{ params.b }}", (_, b) => [b]],
];

Deno.test("whatever a value holds, every shell hands it on as the one word that it is", () => {
  assert.ok(SHELLS.length > 0);
  const templates = PLACES.map(([command, shown]) => [parse(command), shown] as const);
  fc.assert(
    fc.property(
      fc.constantFrom(...templates),
      fc.constantFrom(...SHELLS),
      hostile,
      hostile,
      ([template, shown], shell, a, b) => {
        const command = template.fill(new Map([["a", a], ["b", b]]));
        assert.deepEqual(argumentsIn(shell, command), shown(a, b));
      },
    ),
    { numRuns: 250 },
  );
});

Deno.test("a place where quotes would not hold is refused, with where it stands", () => {
  const p = "{{ params.a }}";
  const cases: readonly (readonly [string, number, RegExp])[] = [
    [`echo "${p}"`, 6, /inside of quotes/],
    [`echo 'x ${p}'`, 8, /inside of quotes/],
    [`echo "a'b" '"' "'${p}"`, 17, /inside of quotes/],
    [`echo x # ${p}`, 9, /in a comment/],
    [`echo \\\n# ${p}`, 9, /in a comment/],
    [`echo \\${p}`, 5, /backslash/],
    [`echo "\\${p}"`, 7, /inside of quotes/],
    [`echo $${p}`, 5, /follows "\$"/],
    [`echo $'it\\'s' ${p}`, 5, /different shells/],
    [`echo $[1] ${p}`, 5, /different shells/],
    [`echo \`date\` ${p}`, 5, /backquotes/],
    [`echo "\`date\`" ${p}`, 6, /backquotes/],
    [`cat <<END\n${p}\nEND`, 4, /here-document/],
    [`cat <<'END'\nx\nEND\necho ${p}`, 4, /here-document/],
    [`((x = 1)); echo ${p}`, 0, /calculation/],
    [`echo $((1 + ${p}))`, 5, /calculated/],
    [`echo $(((1) + (2))) ${p}`, 5, /calculated/],
    [`echo \${x:-${p}}`, 5, /\$\{…\}/],
    [`echo "\${x:-'}" ${p}`, 6, /\$\{…\}/],
    [`echo "$(echo "${p}")"`, 6, /plain command/],
    [`echo "$(case x in x) echo "${p}";; esac)"`, 6, /plain command/],
    [`echo ${p} "open`, 20, /not closed/],
    [`echo ${p} 'open`, 20, /not closed/],
  ];
  for (const [command, offset, message] of cases) {
    const [first] = mistakesOf(command);
    assert.equal(first?.[0], offset, command);
    assert.match(first?.[1] ?? "", message, command);
  }
});

Deno.test("what the language of commands does not have is refused, and not taken for text", () => {
  assert.match(mistakesOf("echo {{ vars.x }}")[0]?.[1] ?? "", /expected \{\{ params\.NAME \}\}/);
  assert.match(mistakesOf("echo {{ params.x | upcase }}")[0]?.[1] ?? "", /names no parameter/);
  assert.match(mistakesOf("{% if x %}echo{% endif %}")[0]?.[1] ?? "", /a command has no tags/);
  assert.match(
    mistakesOf("docker ps --format '{{.Names}}'")[0]?.[1] ?? "",
    /write \{\{ "\{\{" \}\}/,
  );
  assert.equal(mistakesOf("{{ a }} {{ b }}").length, 2);
  assert.deepEqual(parse("echo {{ params.a }} {{params.b}}").uses(), [
    { name: "a", offset: 5 },
    { name: "b", offset: 20 },
  ]);
});

Deno.test("a command without parameters may be any", () => {
  const text = 'cat <<END\n`date` "$(echo "$x")" it\'s\nEND';
  assert.equal(parse(text).fill(new Map()), text);
});

Deno.test("a value that is missing or cannot be an argument is never filled in", () => {
  const template = parse("echo {{ params.a }}");
  assert.throws(() => template.fill(new Map()), /no value/);
  assert.throws(() => template.fill(new Map([["a", "x\0y"]])), /zero byte/);
});

Deno.test("any text is parsed or refused", () => {
  const piece = fc.oneof(
    fc.constantFrom("{{ params.a }}", "{{", "}}", '{{ "{{" }}', "{%", "$(", "${", "$((", "))"),
    fc.constantFrom(..."'\"\\`$(){}<>#\n a"),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (parts) => {
    ShellTemplate.parse(parts.join(""));
  }));
});

Deno.test("what is accepted holds hostile values, in whatever a random command puts around them", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "{{ params.a }}",
      "$(",
      "${x",
      "$((",
      "))",
      "case x in x)",
      ";; esac",
      "$'",
      "x=",
      "if",
    ),
    fc.constantFrom('"x"', "'\"'", ' "', ' # it"s\n', " $(x ", ")", ' "$(x)" ', " ", "\n", ": "),
    fc.constantFrom(..."'\"\\`$(){}<>#\n a;|&"),
    fc.constant("{{ params.a }}"),
  );
  const canary = '\'"`$(touch "$CANARY")\n touch "$CANARY" #\\';
  const folder = Deno.makeTempDirSync({ prefix: "vigo-" });
  let accepted = 0;
  try {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 2, maxLength: 14 }),
        fc.constantFrom(...SHELLS),
        (parts, [program = "", ...args]) => {
          const parsed = ShellTemplate.parse(parts.join(""));
          if (!parsed.ok || parsed.template.uses().length === 0) return;
          accepted += 1;
          const command = parsed.template.fill(new Map([["a", canary]]));
          // Most of these are no commands; what counts is that none of them runs the value.
          spawnSync(program, [...args, "-c", command], {
            cwd: folder,
            env: { PATH: "/usr/bin:/bin", LC_ALL: "C", CANARY: `${folder}/canary` },
            input: "",
            timeout: 60_000,
          });
          assert.ok(!exists(`${folder}/canary`), command);
        },
      ),
      { numRuns: 4000 },
    );
    assert.ok(accepted > 100, `${accepted}`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
