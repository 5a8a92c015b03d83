import { applicationUser } from "../agent/launch.ts";
import type { Tools } from "../install.ts";
import { inNetwork, proxyUser, type Captured } from "../network.ts";
import type { PlacedPod } from "../workload.ts";

/** Where an application listens instead of at its own port, which its proxy may need at every address. */
export const applicationPort = (port: number): number => port + 20_000;

/**
 * Capture for a proxy that cannot ask where a connection was going before it was redirected, so none is: for the
 * application's user every address is one of this machine, and a listener at any address is told by the socket itself.
 */
export const captureInstalled = async (
  { iptables, iptablesEnv }: Tools,
  pid: number,
  { spec, address }: PlacedPod,
): Promise<void> => {
  const moved = spec.ports.map(
    ({ number }) =>
      `-A OUTPUT -d 127.0.0.1/32 -p tcp -m owner --uid-owner ${proxyUser} -m tcp --dport ${number} -j REDIRECT --to-ports ${applicationPort(number)}`,
  );
  // Without a target: they count.
  const counting = [
    "-A INPUT -d 127.0.0.0/8 -j RETURN",
    `-A INPUT -d ${address}/32 -j RETURN`,
    "-A INPUT -i lo -p tcp -m tcp --syn",
  ];
  const input = ["*nat", ...moved, "COMMIT", "*filter", ...counting, "COMMIT", ""].join("\n");
  await inNetwork(pid, [iptables, "iptables-restore"], { env: iptablesEnv, input });
  const routes = [
    // In this table and no other: only what stands in it may answer from an address that no interface has.
    `ip route add local 0.0.0.0/0 dev lo src ${address} table local`,
    "ip rule add pref 1 lookup local suppress_prefixlength 0",
    `ip rule add pref 2 uidrange ${applicationUser}-${applicationUser} ipproto tcp lookup local`,
    "ip rule del pref 0",
  ];
  await inNetwork(pid, ["sh", "-ec", routes.join("\n")]);
};

export const captured = async ({ iptables, iptablesEnv }: Tools, pid: number): Promise<Captured> => {
  const saved = await inNetwork(pid, [iptables, "iptables-save", "-c"], { env: iptablesEnv });
  const packets = (rule: RegExp): number =>
    saved.split("\n").reduce((sum, line) => sum + Number(rule.exec(line)?.[1] ?? 0), 0);
  return {
    inbound: packets(/^\[(\d+):\d+\] -A OUTPUT .*-j REDIRECT/),
    outbound: packets(/^\[(\d+):\d+\] -A INPUT -i lo /),
  };
};
