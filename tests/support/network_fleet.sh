#!/bin/bash
# Builds hosts in network namespaces and keeps them for as long as standard input stays open, so that they go away
# even when the test run that asked for them is killed.
# usage: network_fleet.sh PREFIX HOSTS_IN_FIRST_SUBNET [HOSTS_IN_SECOND_SUBNET …]
# Host I of subnet S is namespace PREFIX-S-I with address 10.77.S.I on eth0. The namespace PREFIX-sw holds one bridge
# per subnet and routes between them; multicast stays within a subnet, as it does behind a real router.
set -eu
prefix=$1
shift

remove() {
  local name
  for name in $(ip netns list | cut -d' ' -f1); do
    case $name in
    "$prefix"-*)
      ip netns pids "$name" | xargs -r kill -KILL 2>/dev/null || true
      ip netns delete "$name" || true
      ;;
    esac
  done
}
trap remove EXIT

switch=$prefix-sw
ip netns add "$switch"
ip -n "$switch" link set lo up
ip netns exec "$switch" bash -c "echo 1 > /proc/sys/net/ipv4/ip_forward"
subnet=0
for count in "$@"; do
  subnet=$((subnet + 1))
  ip -n "$switch" link add "br$subnet" type bridge mcast_snooping 0
  ip -n "$switch" link set "br$subnet" up
  ip -n "$switch" address add "10.77.$subnet.254/24" dev "br$subnet"
  for i in $(seq 1 "$count"); do
    host=$prefix-$subnet-$i
    ip netns add "$host"
    ip -n "$host" link add eth0 type veth peer name "p$subnet-$i" netns "$switch"
    ip -n "$switch" link set "p$subnet-$i" master "br$subnet" up
    ip -n "$host" address add "10.77.$subnet.$i/24" dev eth0
    ip -n "$host" link set lo up
    ip -n "$host" link set eth0 up
    ip -n "$host" route add default via "10.77.$subnet.254"
  done
done
echo ready
read -r _ || true
