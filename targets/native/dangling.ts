import type { Access, Diagram, HostTable, PathSet, PathTree, ProxyConfig, VirtualHost } from "./config.ts";

/** What no schema can say: numbers that are somebody's, sums that grow, edges and sockets of which each is one's alone. */
export const dangling = ({ listeners }: ProxyConfig): readonly string[] => {
  const sockets = listeners.map(({ address, port }) => `${address} ${port}`);
  return listeners.flatMap((listener, index) => {
    const at = `/listeners/${index}`;
    const isSecond = sockets.indexOf(`${listener.address} ${listener.port}`) < index;
    return [
      ...(isSecond ? [`${at}: another listener has this address and port`] : []),
      ...("hosts" in listener ? ofHosts(listener.hosts, `${at}/hosts`) : []),
      ...("access" in listener ? ofAccess(listener.access, `${at}/access`) : []),
    ];
  });
};

const ofHosts = ({ virtualHosts, exact, suffix }: HostTable, at: string): readonly string[] => [
  ...[...Object.entries(exact), ...Object.entries(suffix)].flatMap(([name, number]) =>
    number < virtualHosts.length ? [] : [`${at}: ${name} leads to virtual host ${number}, which is not there`],
  ),
  ...virtualHosts.flatMap((one, number) => ofVirtualHost(one, `${at}/virtualHosts/${number}`)),
];

const ofVirtualHost = ({ routes, paths }: VirtualHost, at: string): readonly string[] => [
  ...routes.flatMap((route, number) =>
    "directResponse" in route || route.split.every(({ upTo }, index) => upTo > (route.split[index - 1]?.upTo ?? 0))
      ? []
      : [`${at}/routes/${number}/split: the sums do not grow`],
  ),
  ...nodes(paths).flatMap((node) => [
    ...ofEdges(node, `${at}/paths`),
    ...[...node.under, ...(node.exact ?? [])].flatMap(({ route }) =>
      route < routes.length ? [] : [`${at}/paths: there is no route ${route}`],
    ),
  ]),
];

const ofAccess = ({ deny, allow }: Access, at: string): readonly string[] => [
  ...ofDiagram(deny, `${at}/deny`),
  ...(allow === undefined ? [] : ofDiagram(allow, `${at}/allow`)),
];

const ofDiagram = (diagram: Diagram, at: string): readonly string[] => {
  const { anonymous, authenticated, prefixes, exact } = diagram;
  const numbers = [anonymous, authenticated, ...Object.values(prefixes), ...Object.values(exact)];
  return [
    ...numbers.flatMap((number) => (number < diagram.nodes.length ? [] : [`${at}: there is no node ${number}`])),
    ...diagram.nodes
      .flatMap(({ otherMethods, methods }): readonly PathSet[] => [otherMethods, ...Object.values(methods)])
      .flatMap((set) => (typeof set === "boolean" ? [] : nodes(set).flatMap((node) => ofEdges(node, at)))),
  ];
};

const nodes = <Leaf>(tree: PathTree<Leaf>): readonly PathTree<Leaf>[] => [
  tree,
  ...Object.values(tree.next ?? {}).flatMap(nodes<Leaf>),
];

/** A walk looks at one character to find its edge. */
const ofEdges = ({ next = {} }: PathTree<unknown>, at: string): readonly string[] => {
  const beginnings = Object.keys(next).map((edge) => edge.charAt(0));
  const isClear = new Set(beginnings).size === beginnings.length && !beginnings.includes("");
  return isClear ? [] : [`${at}: two edges begin alike, or one is empty`];
};
