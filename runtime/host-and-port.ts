/** As addresses stand in URLs and in `--listen`: `127.0.0.1:80`, `[::1]:80`, `name:80`. */
export const hostAndPort = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}`;
