import { spawn } from "node:child_process";
import type { Tools } from "./install.ts";

/**
 * The network of a run: one bridge in the control plane's namespace, one veth into each pod's. Namespaces have no names:
 * each lives as long as the processes in it, so a killed run leaves none behind; and the host's own namespace gets
 * neither an interface nor a rule, because the harness reaches in over unix sockets (`agent/`).
 */
export interface Network {
  /** Where pods find the control plane; also their default route. */
  readonly gateway: string;
  /** Puts the network namespace of this process on the bridge and returns its address, new in every call. */
  readonly joined: (pid: number) => Promise<string>;
}

/** Connections (a NAT rule sees the first packet of each) that iptables turned over to the pod's Envoy. */
export interface Captured {
  readonly inbound: number;
  readonly outbound: number;
}

export const podRange = "10.244.0.0/16";
const gateway = "10.244.0.1";

/** Whom Envoy runs as, and whom Istio's rules therefore leave alone. */
export const proxyUser = 1337;

/** Makes the bridge in the network namespace of this process. */
export const network = async (controlPlane: number): Promise<Network> => {
  // An address outside the mesh must be refused at once, as by a real router, and not time out.
  await shell(controlPlane, [
    "ip link set lo up",
    "ip link add rig0 type bridge forward_delay 0",
    `ip address add ${gateway}/16 dev rig0`,
    "ip link set rig0 up",
    "ip route add unreachable default",
    "sysctl() { echo $2 > /proc/sys/net/$1; }",
    "sysctl ipv4/ip_forward 1",
    "sysctl ipv4/icmp_ratelimit 0",
    "sysctl ipv4/conf/all/send_redirects 0",
    "sysctl ipv4/conf/rig0/send_redirects 0",
  ]);
  let joins = 0;
  return {
    gateway,
    async joined(pid) {
      joins += 1;
      const host = joins + 9;
      const address = `10.244.${host >> 8}.${host & 255}`;
      const port = `pod${joins}`;
      await shell(pid, [
        "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
        // Pods listen on 80 and 443 as anybody, as container runtimes allow it.
        "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start",
        "ip link set lo up",
        `ip link add eth0 type veth peer name ${port} netns ${controlPlane}`,
        `ip address add ${address}/16 dev eth0`,
        "ip link set eth0 up",
        `ip route add default via ${gateway}`,
      ]);
      await shell(controlPlane, [`ip link set ${port} master rig0 up`]);
      return address;
    },
  };
};

/**
 * What istio-iptables sets for REDIRECT with the injector's defaults (tools/istio-iptables/pkg/capture/run.go): everything
 * out to 15001 but the proxy's own and loopback, everything in to 15006 but the ports of the proxy itself.
 */
const redirectRules = [
  "*nat",
  ...["ISTIO_INBOUND", "ISTIO_REDIRECT", "ISTIO_IN_REDIRECT", "ISTIO_OUTPUT"].map((chain) => `:${chain} - [0:0]`),
  "-A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN",
  "-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001",
  "-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006",
  "-A PREROUTING -p tcp -j ISTIO_INBOUND",
  ...[15090, 15021, 15020].map((port) => `-A ISTIO_INBOUND -p tcp --dport ${port} -j RETURN`),
  "-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT",
  "-A OUTPUT -j ISTIO_OUTPUT",
  "-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN",
  ...["uid", "gid"].flatMap((owner) => [
    `-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp ! --dport 15008 -m owner --${owner}-owner ${proxyUser} -j ISTIO_IN_REDIRECT`,
    `-A ISTIO_OUTPUT -o lo -m owner ! --${owner}-owner ${proxyUser} -j RETURN`,
    `-A ISTIO_OUTPUT -m owner --${owner}-owner ${proxyUser} -j RETURN`,
  ]),
  "-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN",
  "-A ISTIO_OUTPUT -j ISTIO_REDIRECT",
  "COMMIT",
  "",
].join("\n");

export const captureInstalled = async (tools: Tools, pid: number): Promise<void> => {
  await inNetwork(pid, [tools.iptables, "iptables-restore"], { env: tools.iptablesEnv, input: redirectRules });
};

export const captured = async (tools: Tools, pid: number): Promise<Captured> => {
  const saved = await inNetwork(pid, [tools.iptables, "iptables-save", "-c", "-t", "nat"], { env: tools.iptablesEnv });
  const packets = (chain: string): number =>
    Number(new RegExp(`^\\[(\\d+):\\d+\\] -A ${chain} .*-j REDIRECT`, "m").exec(saved)?.[1] ?? 0);
  return { inbound: packets("ISTIO_IN_REDIRECT"), outbound: packets("ISTIO_REDIRECT") };
};

const shell = (pid: number, commands: readonly string[]): Promise<string> =>
  inNetwork(pid, ["sh", "-ec", commands.join("\n")]);

/** Runs a command in the network namespace of a process and returns what it printed; throws with what it complained of. */
export const inNetwork = (
  pid: number,
  argv: readonly string[],
  { env = {}, input = "" }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<string> =>
  new Promise((resolve, reject) => {
    const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin" } = process.env;
    const child = spawn("nsenter", ["--target", String(pid), "--net", "--", ...argv], { env: { PATH, ...env } });
    let [output, complaint] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${argv.slice(0, 2).join(" ")} ended with ${code}: ${complaint.trim()}`)),
    );
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
