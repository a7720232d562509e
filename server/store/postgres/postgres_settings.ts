/** Where a PostgreSQL database is reached, and as whom. */
export interface PostgresSettings {
  /** Name or address, or the absolute path of the folder that holds its socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Absent where the database asks for none, such as a socket that knows its users. */
  readonly password?: string;
  /** Absent: no TLS. Otherwise the certificate must be valid for `host`, by these roots (PEM) or else by those of the system. */
  readonly tls?: { readonly ca?: string };
}

/** How messages name a database: nothing in it is secret. */
export function postgresName({ host, port, database }: PostgresSettings): string {
  if (host.startsWith("/")) return `${database} at ${socketPath(host, port)}`;
  return `${database} at ${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The socket of the server on `port`, in the folder where it keeps its sockets. */
export function socketPath(folder: string, port: number): string {
  return `${folder}/.s.PGSQL.${port}`;
}
