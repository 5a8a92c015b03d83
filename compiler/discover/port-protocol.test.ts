import { expect, test } from "vitest";
import { portProtocol } from "./port-protocol.ts";

const protocol = (name: string, appProtocol?: string, number = 8080) =>
  portProtocol({ number, name, transport: "TCP", appProtocol });

test("a port's name begins with its protocol, whatever the case and what follows the hyphen", () => {
  expect(
    ["http", "http-web", "HTTP2-x", "grpc-a-b", "https", "tls-x", "tcp", "mongo", "redis-1", "mysql"].map((name) =>
      protocol(name),
    ),
  ).toEqual(["http", "http", "http2", "grpc", "https", "tls", "tcp", "mongo", "redis", "mysql"]);
  expect(protocol("grpc-web")).toBe("grpc");
});

test("a name that only begins like a protocol says nothing", () => {
  expect(["httpweb", "web", "", "constructor", "x-http", "ws"].map((name) => protocol(name))).toEqual(
    Array.from({ length: 6 }, () => "undeclared"),
  );
});

test("appProtocol hides the name, even one that is not known", () => {
  expect(protocol("http", "tcp")).toBe("tcp");
  expect(protocol("http", "example.com/custom")).toBe("undeclared");
  expect(["kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss"].map((word) => protocol("tcp", word))).toEqual([
    "http2",
    "http",
    "https",
  ]);
});

test("where the server speaks first, nothing is sniffed", () => {
  expect([25, 53, 3306, 27017].map((number) => protocol("db", undefined, number))).toEqual([
    "tcp",
    "tcp",
    "tcp",
    "tcp",
  ]);
  expect(protocol("http", undefined, 3306)).toBe("http");
});

test("UDP is UDP, whatever its name", () => {
  expect(portProtocol({ number: 53, name: "http", transport: "UDP", appProtocol: "http" })).toBe("udp");
});
