import { isIPv4, type Socket } from "node:net";
import { networkInterfaces } from "node:os";

/** How long what the system said of its addresses is believed. */
const believedMs = 1000;

/** Whether an address is one of this machine's, by what the system says of them and a clock in milliseconds. */
export const ownAddresses = (told: () => readonly string[], now: () => number): ((address: string) => boolean) => {
  let own: ReadonlySet<string> = new Set();
  let askedAt = -Infinity;
  return (address) => {
    if (isLoopback(address)) return true;
    if (now() - askedAt >= believedMs) {
      askedAt = now();
      own = new Set(told());
    }
    return own.has(address);
  };
};

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

const isOwnAddress = ownAddresses(
  () => Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)),
  () => performance.now(),
);

/**
 * Whether a caller is on this machine, as a proxy's own application is. Nobody elsewhere can be taken for one: answers to
 * an address of this machine never leave it.
 */
export const isOnThisMachine = ({
  remoteAddress = "",
  localAddress,
}: Pick<Socket, "remoteAddress" | "localAddress">): boolean =>
  // Captured connections may come from the very address that they go to.
  remoteAddress === localAddress || isOwnAddress(unmapped(remoteAddress));

/** An address of IPv4 as itself; the kernel has it within one of IPv6 at a socket of IPv6. */
export const unmapped = (address: string): string =>
  address.startsWith(mapped) && isIPv4(address.slice(mapped.length)) ? address.slice(mapped.length) : address;

const mapped = "::ffff:";

interface At {
  readonly address: string;
  readonly port: number;
}

/** Whether who dials that would reach one of these listeners of this machine. */
export const isListenedAt = ({ address, port }: At, listeners: readonly At[]): boolean =>
  listeners.some(
    (one) =>
      one.port === port &&
      (one.address === address || (isEverywhere(one) && (isEverywhere({ address }) || isOwnAddress(address)))),
  );

/** Whether one listens at every address, also at those of which no interface tells. */
export const isEverywhere = ({ address }: Pick<At, "address">): boolean => address === "0.0.0.0" || address === "::";
