import assert from "node:assert/strict";
import { rootPaths } from "../shared/platform/root_paths.ts";
import { defaultServerConfig } from "./config/read_server_config.ts";
import { serverFolders } from "./prepare_root.ts";
import { workerPermissions } from "./worker_permissions.ts";

const folders = serverFolders(rootPaths("/"));
const { server } = defaultServerConfig();

Deno.test("the server may start no program, load no library and see no more of its host than free space", () => {
  const { run, ffi, import: imports, sys } = workerPermissions(folders, server);
  assert.deepEqual([run, ffi, imports, sys], [false, false, false, ["statfs"]]);
});

Deno.test("the server writes its own state, and neither stacks nor configuration nor executables", () => {
  const { read, write } = workerPermissions(folders, server);
  assert.deepEqual(read, [
    "/srv/vigo",
    "/var/lib/vigo/swarm/seed",
    "/var/lib/vigo/swarm/.blobs",
  ]);
  assert.deepEqual(write, [
    "/srv/vigo/.versions",
    "/srv/vigo/.live",
    "/srv/vigo/db",
    "/srv/vigo/secrets",
    "/srv/vigo/tls",
    "/var/lib/vigo/swarm/seed",
  ]);
});

Deno.test("the server reaches its two listeners, and no other address", () => {
  const net = (listen: string, grpc_port: number) =>
    workerPermissions(folders, { ...server, listen, grpc_port }).net;
  assert.deepEqual(net("0.0.0.0", 1530), [
    "0.0.0.0:1530",
    "0.0.0.0:8443",
    "127.0.0.1:1530",
    "127.0.0.1:8443",
  ]);
  assert.deepEqual(net("10.0.0.1", 1530), ["10.0.0.1:1530", "10.0.0.1:8443"]);
  assert.deepEqual(net("::1", 1530), ["[::1]:1530", "[::1]:8443"]);
  // Which port 0 comes to is not known before it is bound.
  assert.deepEqual(net("127.0.0.1", 0), ["127.0.0.1", "127.0.0.1:8443"]);
});

Deno.test("the server may ask the hosts of health checks, and nobody else", () => {
  const asked = workerPermissions(folders, server, ["lb.example.com", "10.0.0.1:80"]).net;
  const alone = workerPermissions(folders, server).net;
  assert.ok(Array.isArray(asked) && Array.isArray(alone));
  assert.deepEqual(asked.filter((rule) => !alone.includes(rule)), [
    "lb.example.com",
    "10.0.0.1:80",
  ]);
});

Deno.test("the server reaches its PostgreSQL by the one port or the one socket, and by no other", () => {
  const settings = { host: "db.example.com", port: 5433, database: "vigo", user: "vigo" };
  const alone = workerPermissions(folders, server);
  const added = (postgres: typeof settings) => {
    const rights = workerPermissions(folders, server, [], postgres);
    return (["net", "read", "write"] as const).map((right) => {
      const [with_, without] = [rights[right], alone[right]];
      assert.ok(Array.isArray(with_) && Array.isArray(without));
      return with_.map(String).filter((rule) => !without.map(String).includes(rule));
    });
  };
  assert.deepEqual(added(settings), [["db.example.com:5433"], [], []]);
  const socket = "/run/postgresql/.s.PGSQL.5433";
  assert.deepEqual(added({ ...settings, host: "/run/postgresql" }), [
    [`unix:${socket}`],
    [socket],
    [socket],
  ]);
});
