import { hostAndPort } from "../runtime/host-and-port.ts";

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another process",
  EADDRNOTAVAIL: "is no address of this machine",
  EACCES: "may not be listened at by this user",
  ENOTFOUND: "is no address, and no name that this machine can look up",
  EAI_AGAIN: "cannot be looked up now",
};

/** Why an address cannot be listened at, in words; undefined where that is not what went wrong. */
export const unavailable = (listen: Parameters<typeof hostAndPort>[0], error: unknown): string | undefined => {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const why = syscall === "listen" || syscall === "getaddrinfo" ? reasons[code ?? ""] : undefined;
  return why && `${hostAndPort(listen)} ${why}`;
};
