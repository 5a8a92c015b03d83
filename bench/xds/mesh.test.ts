import { expect, test } from "vitest";
import { callers, services, xdsMesh } from "./mesh.ts";

test("every service uses about ten others, and 200 use the first", () => {
  const mesh = xdsMesh();
  expect(mesh).toHaveLength(services);
  const sizes = mesh.map(({ uses }) => uses.length);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(8);
  expect(Math.max(...sizes)).toBe(10);
  expect(mesh.filter(({ uses }) => uses.some(({ name }) => name === "svc00000"))).toHaveLength(callers);
});
