import { expect, test } from "vitest";
import { contradiction } from "./reading.ts";

const behind = (messages: readonly string[], statuses: readonly number[] = [], closed = false) =>
  contradiction(["POST / hello", "GET /next"], { messages, statuses, closed });

test("a backend may read what was forwarded, or refuse a part of it", () => {
  expect(behind(["POST / hello", "GET /next"])).toBeUndefined();
  expect(behind(["POST / hello"], [200, 400])).toBeUndefined();
  expect(behind(["GET /next"], [404, 200])).toBeUndefined();
  expect(behind([], [], true)).toBeUndefined();
});

test("anything else that it reads is a contradiction", () => {
  expect(behind(["POST / hello", "GET /next", "GET /smuggled"])).toContain("smuggled");
  expect(behind(["POST / hell"], [400])).toContain("hell");
  expect(behind(["POST /", "GET /next"], [400], true)).toContain("POST /");
  expect(behind(["GET /next", "POST / hello"])).toBeDefined();
  expect(behind(["POST / hello"], [200])).toContain("nothing was refused");
});
