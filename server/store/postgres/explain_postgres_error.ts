import pg from "pg";
import { StoreError } from "../store_error.ts";
import { postgresName, type PostgresSettings } from "./postgres_settings.ts";

const BUGS = [TypeError, ReferenceError, Deno.errors.NotCapable];

/**
 * Why a database cannot be used, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), and what to
 * do. The database's own words are not quoted for what concerns the password.
 */
export function explainPostgresError(settings: PostgresSettings, error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const why = error instanceof pg.DatabaseError
    ? explainRefusal(settings, error)
    : explainConnection(settings, error);
  return why === undefined ? error : new StoreError(
    `Cannot open database ${postgresName(settings)}: ${why}`,
    { cause: error },
  );
}

function explainRefusal({ user, database, password }: PostgresSettings, error: pg.DatabaseError) {
  switch (error.code) {
    case "28P01":
    case "28000":
      return password === undefined
        ? `it does not let user "${user}" in without a password. Name its file as database.password_file in server.yaml, or set VIGO_DATABASE_PASSWORD`
        : `it does not let user "${user}" in with this password. Correct database.password_file or VIGO_DATABASE_PASSWORD`;
    case "3D000":
      return `there is no such database. Create it with: createdb --owner ${user} --encoding UTF8 --template template0 ${database}`;
    case "42501":
      return `user "${user}" may not create tables in it (${
        oneLine(error)
      }). Make it the owner of the database`;
    case "53300":
      return "it has no connection left. Raise its max_connections";
    case "57P03":
      return "it is starting or stopping. Try again in a moment";
    default:
      return oneLine(error);
  }
}

function explainConnection({ host, tls }: PostgresSettings, error: Error): string | undefined {
  const text = oneLine(error);
  if (text.includes("does not support SSL")) {
    return "it offers no TLS. Turn ssl on there, or set database.tls: off in server.yaml if the network between is yours";
  }
  if (/certificate|UnknownIssuer|self.signed|NotValidForName/i.test(text)) {
    return `its certificate is not valid for ${host} (${text}). Name its CA as database.tls_ca in server.yaml`;
  }
  if (/SASL|password must be/i.test(text)) {
    return "it asks for a password, and there is none. Name its file as database.password_file in server.yaml, or set VIGO_DATABASE_PASSWORD";
  }
  // A mistake of this program is not the network's.
  if (BUGS.some((kind) => error instanceof kind)) return undefined;
  const security = tls ? " with TLS" : "";
  return `it cannot be reached${security} (${text}). Start it, or correct database.host and database.port in server.yaml`;
}

function oneLine(error: Error): string {
  // What reaches nobody at several addresses has a message for each of them alone.
  const parts = error instanceof AggregateError ? error.errors.map(String) : [error.message];
  return parts.join("; ").replaceAll(/\s+/g, " ").trim().slice(0, 200) || error.name;
}
