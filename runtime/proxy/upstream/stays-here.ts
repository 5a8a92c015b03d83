import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

/**
 * Whether what this process sends to an address stays on this machine, by the kernel's own routes: those of AnyIP are told of
 * no interface, and some are for some users only. Nothing is sent: to connect UDP is to choose the address to send from, and
 * that is the other one where both are here.
 */
export const staysHere = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const done = (stays: boolean): void => {
      socket.close();
      resolve(stays);
    };
    socket.once("error", () => done(false));
    socket.once("connect", () => done(socket.address().address === address));
    socket.connect(anyPort, address);
  });

const anyPort = 9;
