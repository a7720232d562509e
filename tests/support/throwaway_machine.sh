#!/bin/bash
# Boots a disposable copy of this machine and keeps it for as long as standard input stays open, so that it goes away
# even when the test run that asked for it is killed. Prints "init PID": its pid 1, as this machine numbers it.
# usage: throwaway_machine.sh HOSTNAME NETWORK_NAMESPACE FOLDER…
# NETWORK_NAMESPACE is a name that `ip netns` knows, or "" for a network with nothing but loopback.
# Each FOLDER shows the host's files at the same path, even where the copy would hide them; writes stay in the copy.
#
# The copy is an overlay of / on a tmpfs. It has mount, pid, network, UTS, IPC and cgroup namespaces of its own, a /dev
# without disks, kernel settings that are read-only except for its network, and no right to set the clock, to load
# modules or to read the kernel's log.
set -eu

if [ "${1:-}" != --inside ]; then
  base=$(mktemp -d /tmp/vigo-machine-XXXXXX)
  cgroup_name=${base##*/}
  machine=
  remove() {
    if [ -n "$machine" ]; then
      # Its pid 1 first: all its processes have ended when the wait for it returns.
      init=
      read -r init _ <"/proc/$machine/task/$machine/children" || true
      kill -KILL "${init:-$machine}" 2>/dev/null || true
      wait "$machine" 2>/dev/null || true
    fi
    # The machine's mounts ended with its namespaces; its control groups are left, empty, innermost first.
    if mount -t cgroup2 none "$base" 2>/dev/null; then
      for _ in 1 2 3 4 5; do
        find "$base/$cgroup_name" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.1
      done
      umount "$base"
    fi
    rmdir "$base"
  }
  trap remove EXIT
  network=(unshare --net)
  [ -z "$2" ] || network=(nsenter "--net=/run/netns/$2")
  "${network[@]}" unshare --mount --propagation private --pid --fork --kill-child --uts --ipc \
    bash "$0" --inside "$base" "$@" </dev/null &
  machine=$!
  read -r _ || true
  exit 0
fi

base=$2 hostname=$3
shift 4
read -r init _ </proc/self/stat

cgroup_name=${base##*/}
mount -t cgroup2 none "$base"
mkdir "$base/$cgroup_name"
echo 0 >"$base/$cgroup_name/cgroup.procs"
umount "$base"

mount -t tmpfs -o size=4g,mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root" "$base/proc"
root=$base/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"

mount -t proc proc "$base/proc"
mount -t proc proc "$root/proc"
mount --bind "$base/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount --bind "$base/proc/sys/net" "$root/proc/sys/net"
[ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
  # shellcheck disable=SC2086  # two numbers on purpose
  mknod -m 666 "$root/dev/${node%% *}" c ${node#* }
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for stream in 0:stdin 1:stdout 2:stderr; do
  ln -s "/proc/self/fd/${stream%%:*}" "$root/dev/${stream#*:}"
done
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

number=0
for folder in "$@"; do
  number=$((number + 1))
  mkdir -p "$root$folder" "$base/upper-$number" "$base/work-$number"
  mount -t overlay overlay \
    -o "lowerdir=$folder,upperdir=$base/upper-$number,workdir=$base/work-$number" "$root$folder"
done

# Not this machine's disks, identity or nightly jobs.
rm -f "$root/etc/fstab" "$root/etc/crypttab" "$root/etc/machine-id"
rm -rf "$root/etc/systemd/system/timers.target.wants"
: >"$root/etc/fstab"
: >"$root/etc/machine-id"
echo "$hostname" >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$hostname" >"$root/etc/hosts"
hostname "$hostname"

echo "init $init"
# basic.target: the services that this machine would start by itself stay off.
exec unshare --cgroup bash -c '
  mount -t cgroup2 none "$1/sys/fs/cgroup"
  umount "$2/proc"
  exec env -i container=docker PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$1" setpriv --bounding-set "$3" \
    /lib/systemd/systemd --unit=basic.target --log-target=null --show-status=false' \
  _ "$root" "$base" -sys_time,-sys_module,-syslog,-mac_admin,-mac_override >/dev/null 2>&1
