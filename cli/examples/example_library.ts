import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { systemReason } from "../../shared/terminal/system_failure.ts";
import { UserError } from "../../shared/terminal/user_error.ts";

/** The folder of the examples in the source, and inside the executable. */
const FOLDER = fileURLToPath(new URL("../../examples/", import.meta.url));
/** What says of an example what it is. It is no part of the stacks, and passed over when they are read. */
const README = "README.md";

/** An example of stacks: a folder with a README whose first line is the title and whose first paragraph says what it is for. */
export interface Example {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Number of files, without the README. */
  readonly files: number;
}

/** What was copied. */
export interface CopiedExample {
  readonly example: string;
  readonly folder: string;
  /** Paths below `folder`. */
  readonly files: readonly string[];
}

/** Every example that comes with this program, by name. */
export async function listExamples(folder = FOLDER): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    const paths = await listFiles(join(folder, name));
    const text = await Deno.readTextFile(join(folder, name, README));
    examples.push({
      name,
      ...readReadme(text),
      files: paths.filter((path) => path !== README).length,
    });
  }
  return examples.sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * Copies an example into a folder, which is made if it is not there. Nothing is overwritten: if a file of the example is there
 * already nothing is copied. A README that is there stays.
 *
 * @throws {UserError} if there is no such example, or files are in the way.
 */
export async function copyExample(
  name: string,
  target: string,
  folder = FOLDER,
): Promise<CopiedExample> {
  const examples = (await listExamples(folder)).map((example) => example.name);
  if (!examples.includes(name)) {
    const hint = suggestName(name, examples) || `. There are ${examples.join(", ")}`;
    throw new UserError(
      `Cannot copy example ${JSON.stringify(name)}: there is none of that name${hint}`,
      {
        exitCode: EXIT_CODE.usage,
      },
    );
  }
  const paths = await listFiles(join(folder, name));
  const present = await Promise.all(paths.map((path) => exists(join(target, path))));
  const taken = paths.filter((_, at) => present[at]);
  const [first, ...others] = taken.filter((path) => path !== README);
  if (first !== undefined) {
    const more = others.length === 0 ? "" : ` and ${others.length} more of its files are`;
    throw new UserError(
      `Cannot copy example "${name}" to "${target}": ${first}${
        more || " is"
      } there already. Name another folder`,
      { exitCode: EXIT_CODE.refused },
    );
  }
  const files = paths.filter((path) => !taken.includes(path));
  for (const path of files) {
    const file = join(target, path);
    await explained(target, async () => {
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeFile(file, await Deno.readFile(join(folder, name, path)), {
        createNew: true,
      });
    });
  }
  return { example: name, folder: target, files };
}

async function listFiles(folder: string, below = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isDirectory) files.push(...await listFiles(folder, path));
    else files.push(path);
  }
  return files.sort();
}

function readReadme(text: string): Pick<Example, "title" | "description"> {
  const [title = "", ...paragraphs] = text.split(/\n{2,}/);
  const description = paragraphs.find((paragraph) => !paragraph.startsWith("#")) ?? "";
  return {
    title: title.replace(/^#+ */, "").trim(),
    description: description.replaceAll(/\s+/g, " ").trim(),
  };
}

async function explained(target: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new UserError(`Cannot write to "${target}": ${systemReason(cause)}`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
