import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeCommand } from "./judge_command.ts";

/** Commands that end or damage the agent or the server, each spelt in ways that people and scripts have. */
const REFUSED: readonly (string | readonly string[])[] = [
  "systemctl stop vigo",
  "systemctl   stop\tvigo-envoy",
  "/bin/systemctl --now disable vigo-envoy.service",
  "systemctl stop nginx vigosrv",
  "systemctl mask 'vigo-envoy'",
  "systemctl stop 'vigo*'",
  `sys"tem"ctl st\\op vi''go`,
  "sudo -u root systemctl stop vigo",
  "sudo -n -- env LANG=C nice -n 5 systemctl stop vigo",
  "sh -c 'systemctl stop vigo'",
  `bash -lc "sudo sh -c 'systemctl stop vigo'"`,
  ["sh", "-c", "systemctl stop vigo"],
  ["/usr/bin/systemctl", "stop", "vigo"],
  "true; systemctl stop vigo",
  "true && (cd /tmp; systemctl stop vigo)",
  "echo $(systemctl stop vigo)",
  'echo "today: `systemctl stop vigo`"',
  "if true; then systemctl stop vigo; fi",
  "S=vigo; systemctl stop $S",
  'C="systemctl stop"; $C vigo',
  "systemctl${IFS}stop${IFS}vigo; systemctl stop vigo",
  "systemctl \\\n stop \\\n vigo",
  "$'\\x73ystemctl' stop vigo",
  "eval 'systemctl stop vigo'",
  "service vigo-envoy stop",
  "rc-service vigosrv stop",
  "rc-update del vigo-envoy",
  "update-rc.d vigo-envoy remove",
  "sv down vigo-envoy",
  "/etc/init.d/vigo-envoy stop",
  "launchctl bootout system/com.vigo-envoy",
  "pkill vigo",
  "pkill -9 -f 'vigo daemon'",
  "pkill -f [v]igo",
  "killall vigosrv",
  "kill $(pidof vigo)",
  "kill -9 `pgrep -f 'vigo daemon'`",
  "pgrep vigo | xargs kill -TERM",
  "ps aux | grep vigo | awk '{print $2}' | xargs -r kill",
  "kill -9 -1",
  "rm -rf /srv/vigo",
  "rm -rf /srv/vigo/",
  "rm -fr -- /srv//vigo/./db",
  "rm -rf /srv/*",
  "rm -rf /srv/v?go",
  "rm -rf /srv/{web,vigo}",
  "rm -rf /*",
  "rm -r -f /",
  "rm --recursive --force --no-preserve-root /",
  "cd /srv/vigo && rm -rf *",
  "cd /srv; rm -rf ./vigo",
  "D=/srv/vigo; rm -rf ${D}/db",
  "unlink /etc/vigo-envoy/signing.key",
  "rm /usr/local/bin/vigo",
  "rm /etc/systemd/system/vigo-envoy.service",
  "find /var/lib/vigo -type f -delete",
  "find /srv -exec rm -rf {} \\;",
  "find /srv/vigo -name '*.db' | xargs rm -f /srv/vigo/x",
  "mv /etc/vigo-envoy /tmp/away",
  "mv /srv /srv.old",
  "chmod -R 000 /var/lib",
  "chown nobody /var/lib/vigo/agent.db",
  "cp /dev/null /etc/vigo-envoy/client.pem",
  "ln -sf /dev/null /usr/local/bin/vigo",
  ": > /srv/vigo/server.yaml",
  "echo x 2>/dev/null >>/etc/vigo-envoy/config",
  "echo x | tee /srv/vigo/server.yaml",
  "truncate -s 0 /srv/vigo/db/vigo.db",
  "dd if=/dev/zero of=/dev/sda bs=1M",
  "dd if=/dev/zero of=/srv/vigo/db/vigo.db",
  "mkfs.ext4 -F /dev/nvme0n1p1",
  "wipefs -a /dev/vda",
  "rsync -a --delete /empty/ /srv/vigo/",
  "apt-get -y remove vigo",
  "DEBIAN_FRONTEND=noninteractive apt purge curl vigo-envoy",
  "dpkg -P vigo:amd64",
  "dnf erase vigosrv",
  "rpm -e vigo",
  "pacman -Rns vigo",
  "apk del vigo",
];

/** What people do every day, close to the above. */
const ALLOWED: readonly (string | readonly string[])[] = [
  "systemctl restart nginx",
  "systemctl stop nginx",
  "systemctl restart vigo-envoy",
  "systemctl status vigo",
  "systemctl is-active vigo-envoy && echo up",
  "journalctl -u vigo-envoy --since today",
  "vigo status",
  "vigo pause --for 2h --reason 'systemctl stop vigo is not needed'",
  "echo systemctl stop vigo",
  "echo 'rm -rf /srv/vigo'",
  "# systemctl stop vigo\nuptime",
  "grep -r vigo /etc",
  "ps aux | grep vigo",
  "pgrep -f 'vigo daemon'",
  "kill -HUP 4711",
  "pkill nginx",
  "rm -rf /srv/www",
  "rm -rf /tmp/vigo",
  "rm -rf /var/lib/vigor",
  "rm /srv/x",
  "rm -f /var/log/*.gz",
  "cd /tmp && rm -rf *",
  "find /var/log -name '*.gz' -delete",
  "find / -xdev -name core -delete",
  "find /etc/vigo-envoy -type f",
  "cat /srv/vigo/server.yaml",
  "cp /etc/vigo-envoy/config /tmp/",
  "tar czf /backup/vigo.tgz /etc/vigo-envoy",
  "ls -l /usr/local/bin/vigo > /tmp/list",
  "apt-get install -y vigo",
  "apt-get -y remove curl",
  "dpkg -l vigo",
  "rpm -q vigo",
  "dd if=/dev/sda of=/backup/sda.img",
  "chmod -R u+w /srv/www",
  "uptime",
  ["rm", "-rf", "/srv/www"],
  ["echo", "; systemctl stop vigo"],
  "",
];

for (const command of REFUSED) {
  Deno.test(`refused: ${JSON.stringify(command)}`, () => {
    const verdict = judgeCommand(command);
    assert.equal(verdict.ok, false);
    assert.match(verdict.ok ? "" : verdict.reason, /^would /);
    assert.notEqual(verdict.ok ? "" : verdict.pattern, "");
  });
}

for (const command of ALLOWED) {
  Deno.test(`allowed: ${JSON.stringify(command)}`, () => {
    assert.deepEqual(judgeCommand(command), { ok: true });
  });
}

Deno.test("a refusal names the kind of command, not the text that was written", () => {
  const verdict = judgeCommand("sudo /bin/systemctl  --now stop  'vigo-envoy'");
  assert.equal(verdict.ok ? "" : verdict.pattern, "systemctl stop vigo");
});

Deno.test("any text is judged without an error", () => {
  const unit = fc.constantFrom(
    ..."abvigo /.$`'\"\\(){}[]*;&|<>\n#=-1",
    "${",
    "$(",
    "sh -c ",
    "sudo ",
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 400 }), (text) => {
      assert.equal(typeof judgeCommand(text).ok, "boolean");
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("what stands around a refused command does not hide it", () => {
  const prefix = fc.constantFrom(
    "",
    "true; ",
    "true && ",
    "false || ",
    "( ",
    "sudo ",
    "nohup ",
    "! ",
    "\n",
    "A=1 ",
    "{ ",
  );
  const suffix = fc.constantFrom("", " &", "; true", " | cat", " >/dev/null 2>&1", " # why", "\n");
  const command = fc.constantFrom("systemctl stop vigo", "pkill vigo", "rm -rf /srv/vigo");
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 3 }), command, suffix, (before, command, after) => {
      assert.equal(judgeCommand(before.join("") + command + after).ok, false);
    }),
  );
});

Deno.test("a script full of substitutions is judged in time and ends", () => {
  const nested = "$(".repeat(5_000) + "systemctl stop vigo" + ")".repeat(5_000);
  assert.equal(typeof judgeCommand(nested).ok, "boolean");
  assert.equal(typeof judgeCommand("sudo ".repeat(10_000) + "true").ok, "boolean");
  assert.equal(typeof judgeCommand("{a,b}".repeat(10_000)).ok, "boolean");
});
