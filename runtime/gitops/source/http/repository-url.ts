import { SourceError } from "../source.ts";

/**
 * The address of a repository, without a slash at its end.
 *
 * INVARIANT: nothing of an address that is refused is repeated: it may hold credentials.
 */
export const repositoryUrl = (written: string): URL => {
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    throw new SourceError("invalid", "the repository's address is no URL; write https://HOST/PATH");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new SourceError("invalid", "the repository's address begins with neither https:// nor http://");
  if (url.username !== "" || url.password !== "")
    throw new SourceError(
      "invalid",
      "the repository's address holds credentials, which would be logged; give the token in a file",
    );
  if (url.search !== "" || url.hash !== "")
    throw new SourceError("invalid", "the repository's address has a query or a fragment; write https://HOST/PATH");
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
};

const isLoopback = ({ hostname }: URL): boolean => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);

/** Whether others on the way can read what is sent there. */
export const isReadableByOthers = (url: URL): boolean => url.protocol === "http:" && !isLoopback(url);
