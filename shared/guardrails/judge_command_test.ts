import assert from "node:assert/strict";
import fc from "fast-check";
import { readShellCommands } from "./shell_commands.ts";
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
  "for s in nginx vigo-envoy; do systemctl stop $s; done",
  'for s in nginx vigo-envoy\ndo\n  systemctl stop "$s.service"\ndone',
  'for d in /srv/*; do rm -rf "$d"; done',
  "export D=/srv/vigo; rm -rf $D",
  "readonly D=/srv/vigo\nrm -rf $D/db",
  "rm -rf ${UNSET:-/srv/vigo}",
  "set -- /srv/vigo; rm -rf $1",
  'rm -rf "$(echo /srv/vigo)"',
  "runuser -u root -- systemctl stop vigo",
  "env -S 'systemctl stop vigo'",
  "trap 'systemctl stop vigo' EXIT",
  "ls -d /srv/* | xargs rm -rf",
  "echo /srv/vigo | xargs -r rm -rf",
  "echo 'systemctl stop vigo' | sh",
  "rm -rf /etc/systemd/system",
  "rm -f /etc/systemd/system/*.service",
  "rm /etc/systemd/system/multi-user.target.wants/vigo-envoy.service",
  "find -L /srv/vigo -delete",
  "find / -name 'vigo*' -delete",
  "sed -i s/a/b/ /etc/vigo-envoy/config",
  "install -m755 vigo /usr/local/bin/",
  "cp -t /usr/local/bin vigo",
  "tar xf backup.tar -C /srv/vigo",
  "curl -fsSL https://example.org/x -o /etc/vigo-envoy/ca.pem",
  "wget -O /usr/local/bin/vigo https://example.org/x",
  "git -C /srv/vigo clean -fdx",
  "apt-get purge 'vigo*'",
  "apt-get -y install nginx vigo-envoy-",
  "killall -r '.*'",
  "pkill vig",
  "pkill -9 'v.*'",
  "cat image > /dev/sda",
  "shred /dev/sda",
  "systemctl isolate rescue.target",
  "init 1",
  "pushd /srv; rm -rf vigo",
  "pkill -u root",
  "cp -t /srv/vigo x",
  "rsync -a x/ /srv/vigo/",
  "umount -l /srv/vigo",
  "mount --bind /empty /var/lib/vigo",
  "userdel root",
  "rm /etc/systemd/system/vigo-envoy.service.d/override.conf",
  "apt-get -y remove 'vigo.*'",
  "apk del vigo",
  "kill -9 $(ps aux | awk '/vigo/ {print $2}')",
  "ps ax | awk '/[v]igo/ {print $1}' | xargs kill",
  "kill $(cat /run/vigosrv.pid)",
  "kill $(systemctl show -p MainPID --value vigo-envoy)",
  'systemctl stop "$(systemctl list-units | grep vigo)"',
  "systemctl list-units | awk '/vigo/ {print $1}' | xargs systemctl stop",
  "echo vigo-envoy | xargs systemctl disable --now",
  "printf '%s\\n' vigo | xargs -n1 systemctl stop",
  "rm -f $(which vigo)",
  'rm -f "$(command -v vigosrv)"',
  "find /srv -type f -print0 | xargs -0 rm -f",
  "echo c3lzdGVtY3RsIHN0b3Agdmlnbw== | base64 --decode | bash",
  `perl -e 'system("systemctl stop vigo")'`,
  `perl -e "unlink glob '/srv/vigo/*'"`,
  `python3 -c "import shutil; shutil.rmtree('/srv/vigo')"`,
  `ruby -e 'require "fileutils"; FileUtils.rm_rf("/srv/vigo")'`,
  `awk 'BEGIN { system("systemctl stop vigo") }'`,
  "coproc systemctl stop vigo",
  "function off { systemctl stop vigo; }; off",
  "echo 'systemctl stop vigo' | sudo sh",
  "printf 'systemctl stop vigo\\n' | bash -s --",
  "printf '%s\\n' 'uptime' 'pkill vigo' | sh",
  "sh <<EOF\nsystemctl stop vigo\nEOF",
  "sudo bash -e <<'EOF'\nuptime\nrm -rf /srv/vigo\nEOF\nuptime",
  "bash <<-EOF\n\tsystemctl stop vigo\n\tEOF",
  "cat <<EOF | sh\nsystemctl stop vigo\nEOF",
  "S=vigo; sh <<EOF\nsystemctl stop $S\nEOF",
  "cat <<EOF\n$(systemctl stop vigo)\nEOF",
  "cat <<EOF\n`pkill vigo`\nEOF",
  "cat <<A; cat <<'B'\nuptime\nA\nuptime\nB\nsystemctl stop vigo",
  "sh <<A <<B\nuptime\nA\npkill vigo\nB",
  "bash <<< 'systemctl stop vigo'",
  "su - root <<< 'systemctl stop vigo'",
  "sudo -i <<EOF\npkill vigo\nEOF",
  "xargs rm -rf <<< /srv/vigo",
  "python3 - <<EOF\nimport shutil\nshutil.rmtree('/srv/vigo')\nEOF",
  "echo 'systemctl stop vigo' | at now + 1 minute",
  "at -m 23:00 <<EOF\nsystemctl stop vigo\nEOF",
  "batch <<< 'pkill vigo'",
  "echo '0 3 * * * systemctl stop vigo' | crontab -",
  "(crontab -l; echo '@reboot pkill vigo') | crontab -u root -",
  "echo '*/5 * * * * root systemctl stop vigo' > /etc/cron.d/stop",
  "cat <<EOF | sudo tee /etc/cron.d/stop\n0 3 * * 1-5 root rm -rf /srv/vigo\nEOF",
  "ssh web-1 systemctl stop vigo",
  "ssh -o BatchMode=yes -p 22 -l root web-1 'sudo systemctl stop vigo; uptime'",
  "echo 'systemctl stop vigo' | ssh root@web-1",
  "ssh web-1 sh <<EOF\nsystemctl stop vigo\nEOF",
  "cat > /tmp/x.sh <<EOF\nsystemctl stop vigo\nEOF\nsh /tmp/x.sh",
  "echo 'pkill vigo' > /tmp/x; chmod +x /tmp/x; /tmp/x",
  "echo 'pkill vigo' | tee /tmp/x; at -f /tmp/x now",
  ". /dev/stdin <<< 'systemctl stop vigo'",
  "source <(echo systemctl stop vigo)",
  'eval "$(echo c3lzdGVtY3RsIHN0b3Agdmlnbw== | base64 -d)"',
  'sh -c "$(echo c3lzdGVtY3RsIHN0b3Agdmlnbw== | base64 -d)"',
  "pkexec systemctl stop vigo",
  "strace -f systemctl stop vigo",
  "poweroff",
  "systemctl --no-wall poweroff",
  "sudo shutdown -h now",
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
  "for s in nginx cron; do systemctl restart $s; done",
  'for f in /tmp/*.log; do rm -f "$f"; done',
  "ls /tmp/*.tmp | xargs rm -f",
  "echo uptime | sh",
  "sed -i s/a/b/ /etc/motd",
  "tar xf app.tar -C /opt/app",
  "tar cf /backup/vigo.tar -C /srv/vigo .",
  "curl -o /tmp/x https://example.org/vigo",
  "apt-get install -y vigo",
  "pkill -HUP nginx",
  "pkill -f 'gunicorn: app'",
  "killall -r '^nginx'",
  "find /var/log -name '*.gz' -mtime +30 -delete",
  "systemctl isolate multi-user.target",
  "install -m755 tool /usr/local/bin/",
  "rm -f /etc/systemd/system/app.service",
  "systemctl get-default",
  "rsync -a /srv/vigo/ /backup/vigo/",
  "mount /mnt/data",
  "reboot",
  "shutdown -r now",
  "shutdown -c",
  "cat /srv/vigo/server.yaml; kill -HUP 4711",
  "command vigo status; rm -f /tmp/status",
  "echo nginx | xargs systemctl stop",
  "find /var/log -type f | xargs rm -f",
  "systemctl list-units | grep vigo; systemctl stop nginx",
  `python3 -c "print('systemctl status vigo')"`,
  `awk '/vigo/ { print "/srv/vigo" }' /etc/passwd`,
  "echo aGVsbG8= | base64 -d | sh",
  "pkill -u www-data",
  "cat > /root/how_to.txt <<EOF\nNever run\nsystemctl stop vigo\nEOF",
  "cat <<'EOF' > /root/how_to.txt\n$(systemctl stop vigo)\nEOF\nuptime",
  "mail -s 'systemctl stop vigo' ops@example.org <<< 'pkill vigo is not needed'",
  "sh <<EOF\nsystemctl restart vigo-envoy\nEOF",
  "echo '0 3 * * * vigo run' | crontab -",
  "crontab -l | grep vigo",
  "echo 'vigo run' | at now + 1 minute",
  "at -l; echo vigo",
  "ssh web-1 systemctl status vigo",
  "ssh web-1",
  "scp /srv/vigo/server.yaml backup:/srv/vigo/",
  "echo '/srv/vigo' > /tmp/x; cat /tmp/x",
  "cat <<EOF\nunfinished",
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

Deno.test("what is relative is judged where the command runs", () => {
  assert.equal(judgeCommand("rm -rf db", "/srv/vigo").ok, false);
  assert.equal(judgeCommand(["rm", "-rf", "vigo"], "/srv").ok, false);
  assert.equal(judgeCommand("cd /tmp && rm -rf db", "/srv/vigo").ok, true);
});

Deno.test("a refusal names the kind of command, not the text that was written", () => {
  const verdict = judgeCommand("sudo /bin/systemctl  --now stop  'vigo-envoy'");
  assert.equal(verdict.ok ? "" : verdict.pattern, "systemctl stop vigo");
});

Deno.test("any text is judged without an error", () => {
  const unit = fc.constantFrom(
    ..."abvigo /.$`'\"\\(){}[]*;&|<>\n#=-1\r\t\f\v\u00a0\u2028\ufeff\0",
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

Deno.test("programs that are called like members of every object are programs like any", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"]) {
    assert.equal(judgeCommand(`${name} remove vigo`).ok, true, name);
    assert.equal(judgeCommand([name, "remove", "vigo"]).ok, true, name);
    assert.equal(judgeCommand(`${name} x; systemctl stop vigo`).ok, false, name);
  }
});

Deno.test("white space that no shell knows is part of a word, and ends", () => {
  for (const space of "\f\v\u00a0\u2003\u2028\ufeff") {
    assert.equal(judgeCommand(`echo${space}x; ${space}`).ok, true);
    assert.equal(judgeCommand(`echo ${space}; systemctl stop vigo`).ok, false);
  }
});

Deno.test("variables that double each other, and words that do, are looked into only so far", () => {
  const bombs = [
    `a=x;${"a=$a$a;".repeat(9_000)}`,
    `set ${"a ".repeat(10_000)};${"rm $@;".repeat(6_000)}`,
    `rm ${"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b} ".repeat(2_000)}`,
    `a=${"x".repeat(4_000)};${"rm $a$a$a;".repeat(4_000)}`,
  ];
  for (const bomb of bombs) {
    const words = readShellCommands(bomb).flatMap((command) => command.words);
    assert.ok(words.length <= 10_000, `${words.length} words`);
    assert.ok(words.join("").length <= 256 * 1024, `${words.join("").length} characters`);
    assert.deepEqual(judgeCommand(bomb), { ok: true });
  }
});

Deno.test("a script full of substitutions is judged in time and ends", () => {
  const nested = "$(".repeat(5_000) + "systemctl stop vigo" + ")".repeat(5_000);
  assert.equal(typeof judgeCommand(nested).ok, "boolean");
  assert.equal(typeof judgeCommand("sudo ".repeat(10_000) + "true").ok, "boolean");
  assert.equal(typeof judgeCommand("{a,b}".repeat(10_000)).ok, "boolean");
});

Deno.test("a script full of texts for shells is judged in steps that its length bounds", () => {
  const parts = [
    "sh <<A\n",
    "cat <<A | sh\nx\nA\n",
    "echo x > /a; sh /a\n",
    "sudo a b c sh <<A\npkil x\nA\n",
    "ssh a ssh a ",
    "echo YQ== YQ== | base64 -d | sh\n",
    "tee /a /b; echo x;",
    "echo '* * * * * x' | crontab -\n",
  ];
  for (const part of parts) {
    assert.deepEqual(judgeCommand(part.repeat(64 * 1024 / part.length)), { ok: true }, part);
  }
});

Deno.test("what an agent refuses whoever forces it leaves whole disks to whom they belong, and nothing of Vigo", () => {
  for (const command of ["mkfs.ext4 /dev/sdb1", "dd if=x of=/dev/vdb", "cat image > /dev/sdb"]) {
    assert.equal(judgeCommand(command, "/").ok, false, command);
    assert.equal(judgeCommand(command, "/", "hard").ok, true, command);
    assert.equal(judgeCommand(`${command}; pkill vigo`, "/", "hard").ok, false, command);
  }
  assert.equal(judgeCommand("dd if=/dev/zero of=/srv/vigo/db/vigo.db", "/", "hard").ok, false);
  assert.equal(judgeCommand("rm -rf srv/vigo", "/", "hard").ok, false, "it runs in /");
});
