import assert from "node:assert/strict";
import { HEALTH_HOST_PATTERN, judgeHealthUrl } from "./health_hosts.ts";

Deno.test("only the hosts of the configuration are probed, by name or with their port", () => {
  const hosts = ["LB.example.com", "10.0.0.1:8080", "[::1]"];
  for (
    const url of [
      "http://lb.example.com/health",
      "https://lb.example.com:9443/",
      "http://10.0.0.1:8080/x?y=1",
      "http://[::1]:81/",
    ]
  ) assert.equal(judgeHealthUrl(url, hosts), null, url);
  for (
    const url of ["http://10.0.0.1/", "http://example.com/", "http://lb.example.com.evil.net/"]
  ) assert.match(judgeHealthUrl(url, hosts) ?? "", /Add to server.yaml.*health_check_hosts/, url);
  assert.match(judgeHealthUrl("http://a@lb.example.com/", hosts) ?? "", /password/);
  assert.match(judgeHealthUrl("lb.example.com", hosts) ?? "", /no http/);
});

Deno.test("a host is a name or an address, with or without a port", () => {
  for (const host of ["lb", "lb.example.com:80", "10.0.0.1", "[::1]", "[::1]:8080"]) {
    assert.match(host, HEALTH_HOST_PATTERN);
  }
  for (const host of ["", "*", "http://lb", "lb/health", "::1", "lb:0", "a b", "-lb"]) {
    assert.doesNotMatch(host, HEALTH_HOST_PATTERN);
  }
});
