import { hostname } from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import { instance } from "./instance.ts";

afterEach(() => vi.unstubAllEnvs());

test("a program is known by its pod's name, and by its host's where it runs in none", () => {
  vi.stubEnv("POD_NAME", "mesh-sync-7d4f");
  expect(instance()).toBe("mesh-sync-7d4f");
  vi.stubEnv("POD_NAME", undefined);
  expect(instance()).toBe(hostname());
});
