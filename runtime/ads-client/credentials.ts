import { credentials, type ChannelCredentials } from "@grpc/grpc-js";
import { X509Certificate } from "node:crypto";
import { checkServerIdentity, createSecureContext } from "node:tls";
import { controlIdentity } from "../../targets/xds/identity-names.ts";
import { identityFiles, type IdentityFiles } from "../identity-files.ts";
import { spiffeIdIn } from "../proxy/identity/own-identity.ts";

/**
 * What a stream proves itself by and whom it believes, as the folder is at this moment. The server must be the mesh's control
 * plane, as an Envoy that was started with our bootstrap demands, by the roots in the folder alone; and it must be good for the
 * address that was dialled, as `mesh-control join` demands. Every workload's certificate is signed by the same roots, so the
 * identity is what tells them apart. Rejects in words where there is no identity.
 */
export const controlCredentials = (folder: string, address: string): Promise<ChannelCredentials> =>
  identityFiles(folder, (files) => made(files, address));

const made = ({ certificateChain: cert, privateKey: key, roots: ca }: IdentityFiles, address: string) => {
  const own = spiffeIdIn(new X509Certificate(cert).subjectAltName);
  const trustDomain = /^spiffe:\/\/([^/]+)\//.exec(own ?? "")?.[1];
  if (trustDomain === undefined) throw new Error("the certificate names no identity");
  const expected = controlIdentity(trustDomain);
  return credentials.createFromSecureContext(createSecureContext({ cert, key, ca, minVersion: "TLSv1.3" }), {
    // gRPC gives the name that it sends, which is not what was dialled.
    checkServerIdentity: (_, certificate) => {
      const found = spiffeIdIn(certificate.subjectaltname);
      return found === expected
        ? checkServerIdentity(address, certificate)
        : new Error(`the server is ${found ?? "nobody of this mesh"}, not ${expected}`);
    },
  });
};
