import { type CronParams, cronSchema } from "../../shared/config/resources/cron.ts";
import { type FileParams, fileSchema } from "../../shared/config/resources/file.ts";
import { file } from "./file.ts";
import { type ApplyContext, type Finding, type ResourceType, unknown } from "./resource.ts";

/**
 * A job of cron. It has a file of its own in `/etc/cron.d`, which is replaced in one step and which nobody else writes to; a
 * user's crontab belongs to its user.
 */
export const cron: ResourceType<CronParams> = {
  type: "cron",
  schema: cronSchema,
  check,
  apply: (params, context) => file.apply(jobFile(params, context), context),
};

async function check(params: CronParams, context: ApplyContext): Promise<Finding> {
  if (params.ensure === "present") {
    const folder = `${context.etcFolder}/cron.d`;
    if ((await context.files.inspect(folder))?.kind !== "directory") {
      return unknown(`there is no folder "${folder}"; install cron`);
    }
    const isThere = await context.accounts.findUser(params.user) !== undefined ||
      context.foreseen?.has("user", params.user) === true;
    if (!isThere) {
      return unknown(`there is no user "${params.user}" on this machine`);
    }
  }
  return await file.check(jobFile(params, context), context);
}

/** cron reads only what belongs to root and nobody else may write to. */
function jobFile(params: CronParams, { etcFolder, self }: ApplyContext): FileParams {
  const path = `${etcFolder}/cron.d/${params.name}`;
  if (params.ensure === "absent") return fileSchema.parse({ path, ensure: "absent" });
  const owner = { owner: self.uid, group: self.gid };
  return fileSchema.parse({ path, content: formatJob(params), mode: "0644", ...owner });
}

function formatJob(
  { name, environment, schedule, user, command }: Extract<CronParams, { ensure: "present" }>,
): string {
  const variables = Object.entries(environment).map(([key, value]) => {
    const quote = value.includes('"') ? "'" : '"';
    return `${key}=${quote}${value}${quote}\n`;
  });
  return [
    `# cron:${name} is managed by vigo; changes by hand do not last.\n`,
    ...variables,
    // To cron a percent sign is the end of the line (crontab(5)).
    `${schedule} ${user} ${command.replaceAll(/(?<!\\)%/g, "\\%")}\n`,
  ].join("");
}
