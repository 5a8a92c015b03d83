import { expect, test } from "vitest";
import { networkOf } from "./network-of.ts";

test("an IPv6 host cannot leave its /64, and mapped IPv4 is IPv4", () => {
  expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe(networkOf("2001:0DB8:1:2::9"));
  expect(networkOf("2001:db8:1:3::1")).not.toBe(networkOf("2001:db8:1:2::1"));
  expect(networkOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(networkOf("::1")).toBe("0:0:0:0");
});
