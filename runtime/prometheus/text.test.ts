import { expect, test } from "vitest";
import { histogramSamples, metric } from "./text.ts";

test("label values keep what they say, whatever it is", () => {
  expect(metric("a_total", "counter", "A.", [{ labels: { why: 'a "b"\\\nü\t' }, value: 1 }, { value: 2 }])).toBe(
    '# HELP a_total A.\n# TYPE a_total counter\na_total{why="a \\"b\\"\\\\\\nü\t"} 1\na_total 2\n',
  );
});

test("a histogram ends with all that was observed", () => {
  const samples = histogramSamples({ buckets: [[1, 2]], sum: 9.5, count: 3 }, { of: "x" });
  expect(metric("b", "histogram", "B.", samples)).toBe(
    '# HELP b B.\n# TYPE b histogram\nb_bucket{of="x",le="1"} 2\nb_bucket{of="x",le="+Inf"} 3\nb_sum{of="x"} 9.5\nb_count{of="x"} 3\n',
  );
});
