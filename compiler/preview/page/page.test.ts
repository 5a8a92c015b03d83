import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Embedded } from "./embedded.ts";
import { pictures } from "./fixture.ts";
import { page } from "./page.ts";
import type { Picture } from "./picture.ts";
import { escaped, shownText } from "./shown-text.ts";

const data = (html: string): Embedded => {
  const found = /<script type="application\/json" id="picture">([^<]*)<\/script>/.exec(html);
  return JSON.parse(found?.[1] ?? "") as Embedded;
};

const hostile = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e\u2028`;

const malign: Picture = {
  title: hostile,
  comparison: {
    base: hostile,
    head: hostile,
    summary: [hostile],
    changes: [
      {
        title: hostile,
        risks: [hostile],
        lines: [hostile],
        witness: hostile,
        causes: [hostile],
        nodes: [hostile],
        edges: [hostile],
      },
    ],
  },
  nodes: [
    {
      id: hostile,
      kind: "service",
      namespace: hostile,
      name: hostile,
      proxied: true,
      state: "changed",
      facts: [{ title: hostile, before: [hostile], after: [hostile] }],
    },
  ],
  edges: [
    {
      id: hostile,
      from: hostile,
      to: hostile,
      port: 80,
      protocol: hostile,
      split: [
        { label: hostile, share: hostile, fraction: 1 },
        { label: hostile, share: hostile, fraction: 0 },
      ],
      mtls: "plain",
      access: "partly",
      state: "added",
      facts: [],
    },
  ],
};

test("what is named like markup stays a name", () => {
  const html = page(malign);
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.match(/<\/script/g)).toHaveLength(2);
  expect(html).not.toContain("<img");
  expect(html).not.toMatch(/[\u202e\u2028]/);
  expect(data(html).nodes[0]?.name).toBe(shownText(hostile));
});

test("whatever a picture says, the page's elements are the same as those of a picture of letters", () => {
  const plain = (value: unknown): unknown =>
    typeof value === "string"
      ? /^(service|workload|gateway|external|outside|mutual|plain|mixed|originated|allowed|partly|denied|same|added|removed|changed)$/.test(
          value,
        )
        ? value
        : "x"
      : Array.isArray(value)
        ? value.map(plain)
        : typeof value === "object" && value !== null
          ? Object.fromEntries(
              Object.entries(value).map(([key, member]) => [
                key,
                /^(id|from|to|namespace)$/.test(key) ? member : plain(member),
              ]),
            )
          : value;
  const tags = (html: string): readonly string[] =>
    (html.replace(/<style>[^<]*<\/style>/, "").match(/<\/?[a-zA-Z!][a-zA-Z-]*/g) ?? []).filter(
      (tag) => tag !== "<tspan",
    );
  fc.assert(
    fc.property(pictures, (picture) => {
      expect(tags(page(picture))).toEqual(tags(page(plain(picture) as Picture)));
    }),
  );
});

test("every node and every edge is in the page", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      const html = page(picture);
      const { nodes, edges, facts } = data(html);
      const sorted = picture.nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(nodes.map(({ name }) => name)).toEqual(sorted.map(({ name }) => shownText(name)));
      for (const { name } of sorted) expect(html).toContain(`<title>${escaped(name)}</title>`);
      expect(edges).toHaveLength(picture.edges.length);
      for (const index of nodes.keys()) expect(html).toContain(`<g id="n${index}" `);
      for (const index of edges.keys()) expect(html).toContain(`<g id="e${index}" `);
      for (const { facts: said } of [...nodes, ...edges]) for (const index of said) expect(facts[index]).toBeDefined();
    }),
  );
});

test("the same picture gives the same bytes, in whatever order its nodes and edges come", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      const html = page(picture);
      expect(page(picture)).toBe(html);
      expect(page({ ...picture, nodes: picture.nodes.toReversed(), edges: picture.edges.toReversed() })).toBe(html);
    }),
  );
});

test("the page allows its own style and script by their hashes, and nothing from anywhere", () => {
  const html = page({ title: "a", nodes: [], edges: [] });
  const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? "";
  const script = /<script>([^]*?)<\/script>/.exec(html)?.[1] ?? "";
  expect(html).toContain(
    `content="default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'"`,
  );
  expect(html.replace(script, "").replace(style, "")).not.toMatch(/ (style|on[a-z]+|src)=|https?:/);
});

test("the page of a mesh that runs keeps to the same: it asks its own server, and shows what callers are called as text", () => {
  const html = page(malign, { drawing: hostile, callers: [hostile], example: hostile });
  const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? "";
  const script = /<script>([^]*?)<\/script>/.exec(html)?.[1] ?? "";
  expect(html).toContain(
    `content="default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; connect-src 'self'; base-uri 'none'; form-action 'none'"`,
  );
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html).not.toContain("<img");
  expect(html).not.toMatch(/[\u202e\u2028]/);
});

test("marks that turn writing are spelled out", () => {
  expect(shownText("a\u202eb\u0000\ud800\nc")).toBe("a⟨U+202E⟩b⟨U+0000⟩⟨U+D800⟩\nc");
});

test("an edge that ends nowhere is refused", () => {
  expect(() => page({ ...malign, nodes: [] })).toThrow("ends at no node");
});
