import { execFileSync } from "node:child_process";
import { webcrypto, X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  mutualConnection,
  mutualServer,
  ratings,
  reviews,
  temporaryFolder,
  testAuthority,
  trustDomain,
} from "../fixture.ts";
import { spiffeParts } from "../spiffe-id.ts";
import {
  ExtendedKeyUsageExtension,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "./library.ts";
import { newRequest, requestedKey } from "./request.ts";
import { newRoot, rootFrom } from "./root.ts";
import { verifiedIdentity } from "./verified.ts";

const derOf = (pem: string): Uint8Array => new X509Certificate(pem).raw;
const openssl = (...args: readonly string[]): string =>
  execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });

test("OpenSSL verifies an SVID strictly and finds in it what the profile says, and no more", async () => {
  const authority = await testAuthority();
  const folder = await temporaryFolder();
  const svid = await authority.issued(reviews, { lifetimeMs: 3_600_000 });
  writeFileSync(join(folder, "leaf.crt"), svid.certificateChain);
  writeFileSync(join(folder, "roots.crt"), authority.roots());
  for (const purpose of ["sslclient", "sslserver"])
    expect(
      openssl(
        "verify",
        "-x509_strict",
        "-purpose",
        purpose,
        "-CAfile",
        join(folder, "roots.crt"),
        join(folder, "leaf.crt"),
      ),
    ).toContain("OK");
  const text = openssl("x509", "-in", join(folder, "leaf.crt"), "-noout", "-text");
  expect(text).toMatch(/Subject: O = meshwright\n/);
  expect(text).toMatch(/X509v3 Subject Alternative Name: \n\s+URI:spiffe:\/\/mesh.test\/ns\/shop\/sa\/reviews\n/);
  expect(text).toMatch(/Basic Constraints: critical\n\s+CA:FALSE\n/);
  expect(text).toMatch(/Key Usage: critical\n\s+Digital Signature\n/);
  expect(text).toMatch(/Extended Key Usage: \n\s+TLS Web Server Authentication, TLS Web Client Authentication\n/);
  expect(text).toContain("prime256v1");
  expect(svid.expiresAt).toBe(new X509Certificate(svid.certificateChain).validToDate.getTime());
  expect(svid.renewAt).toBeLessThan(svid.expiresAt - 1_700_000);
  expect(authority.verified(derOf(svid.certificateChain))).toBe(reviews);
});

test("mesh-control's own certificate has one identity and the names under which it is found", async () => {
  const authority = await testAuthority();
  const { certificateChain } = await authority.server(["mesh-control.mesh.svc", "127.0.0.1", "::1"]);
  expect(new X509Certificate(certificateChain).subjectAltName).toBe(
    "URI:spiffe://mesh.test/mesh-control, DNS:mesh-control.mesh.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
  expect(authority.verified(derOf(certificateChain), "server")).toBe("spiffe://mesh.test/mesh-control");
});

test("nothing is issued for another trust domain or for what is no SPIFFE ID, nor mesh-control's own to a request", async () => {
  const authority = await testAuthority();
  const { request } = await newRequest();
  for (const id of [
    "spiffe://other.test/ns/a/sa/b",
    "spiffe://mesh.test.evil/ns/a/sa/b",
    "spiffe://mesh.test",
    "https://mesh.test/a",
    "spiffe://mesh.test/a/../b",
    "spiffe://MESH.test/a",
    "",
  ])
    await expect(authority.issued(id)).rejects.toThrow("trust domain");
  await expect(authority.signed(request, "spiffe://other.test/a")).rejects.toThrow("trust domain");
  await expect(authority.signed(request, "spiffe://mesh.test/mesh-control")).rejects.toThrow("mesh-control's own");
});

test("a certificate lives no longer than the authority allows", async () => {
  const authority = await testAuthority({ lifetimeMs: 60_000 });
  const svid = await authority.issued(reviews, { lifetimeMs: 3_600_000 });
  expect(svid.expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
});

test("a request is signed for its key alone: what else it asks for is ignored", async () => {
  const authority = await testAuthority();
  const folder = await temporaryFolder();
  const [key, csr] = [join(folder, "k"), join(folder, "r")];
  openssl(
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    key,
    "-out",
    csr,
    "-subj",
    "/O=evil/CN=evil",
    "-addext",
    "subjectAltName=URI:spiffe://mesh.test/mesh-control",
    "-addext",
    "basicConstraints=CA:TRUE",
  );
  const signed = await authority.signed(openssl("req", "-in", csr), reviews);
  if (signed.kind === "refused") throw new Error(signed.reason);
  const certificate = new X509Certificate(signed.certificateChain);
  expect(certificate.ca).toBe(false);
  expect(certificate.subjectAltName).toBe(`URI:${reviews}`);
  expect(certificate.subject).toBe("O=meshwright");
  const der = new Uint8Array(execFileSync("openssl", ["req", "-in", csr, "-outform", "DER"]));
  expect(await authority.signed(der, reviews)).toMatchObject({ kind: "signed" });
});

test("a request without proof of its key, of another kind of key, or not readable is refused", async () => {
  const folder = await temporaryFolder();
  const { request } = await newRequest();
  const bytes = Buffer.from(request.split("\n").slice(1, -2).join(""), "base64");
  bytes[bytes.length - 3]! ^= 1;
  expect(await requestedKey(bytes)).toMatchObject({ kind: "refused" });
  const rsa = openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", join(folder, "k"), "-subj", "/O=a");
  const p384 = openssl(
    "req",
    "-new",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:secp384r1",
    "-nodes",
    "-keyout",
    join(folder, "k"),
    "-subj",
    "/O=a",
  );
  for (const other of [rsa, p384])
    expect(await requestedKey(other)).toMatchObject({ reason: "the certificate request's key is not ECDSA P-256" });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.constant("x".repeat(9000))),
      async (junk) => {
        expect(await requestedKey(junk)).toMatchObject({ kind: "refused" });
      },
    ),
  );
});

test("a flipped bit anywhere in a certificate never gives another identity", async () => {
  const authority = await testAuthority();
  const der = derOf((await authority.issued(reviews)).certificateChain);
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.nat(7), (at, bit) => {
      const flipped = Uint8Array.from(der);
      flipped[at]! ^= 1 << bit;
      const found = authority.verified(flipped);
      if (typeof found === "string") expect(found).toBe(reviews);
    }),
    { numRuns: 500 },
  );
  expect(authority.verified(new Uint8Array())).toMatchObject({ kind: "refused" });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => typeof authority.verified(junk) !== "string"));
});

test("a peer is refused for each single thing that is wrong with it", async () => {
  const files = await newRoot(trustDomain);
  const root = await rootFrom(files);
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const leaf = async (extensions: readonly unknown[], from = -60_000, to = 60_000): Promise<Uint8Array> => {
    const made = await X509CertificateGenerator.create({
      subject: "O=a",
      issuer: root.subject,
      publicKey: keys.publicKey,
      signingKey: root.signingKey,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      notBefore: new Date(Date.now() + from),
      notAfter: new Date(Date.now() + to),
      extensions: extensions as never,
    });
    return new Uint8Array(made.rawData);
  };
  const name = (...urls: readonly string[]) =>
    new SubjectAlternativeNameExtension(urls.map((value) => ({ type: "url" as const, value })));
  const signs = new KeyUsagesExtension(1, true);
  const client = new ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.2"]);
  const roots = files.certificate;
  const verdict = async (der: Promise<Uint8Array>, given: object = {}) =>
    verifiedIdentity(await der, { roots, trustDomain, ...given });
  const reason = async (...args: Parameters<typeof verdict>) => {
    const found = await verdict(...args);
    return typeof found === "string" ? found : found.reason;
  };
  const good = () => leaf([signs, client, name(reviews)]);
  expect(await reason(good())).toBe(reviews);
  expect(await reason(good(), { as: "server" })).toContain("not for a server");
  expect(await reason(good(), { trustDomain: "other.test" })).toContain("another trust domain");
  expect(await reason(good(), { roots: (await newRoot(trustDomain)).certificate })).toContain(
    "no root that is trusted",
  );
  expect(await reason(good(), { roots: "" })).toContain("no root");
  expect(await reason(leaf([signs, client, name(reviews)], 30_000))).toContain("not valid yet");
  expect(await reason(leaf([signs, client, name(reviews)], -60_000, -2000))).toContain("has expired");
  expect(await reason(leaf([signs, client, name(reviews, ratings)]))).toContain("exactly one");
  expect(await reason(leaf([signs, client]))).toContain("exactly one");
  expect(await reason(leaf([signs, client, name("spiffe://mesh.test")]))).toContain("no SPIFFE");
  expect(await reason(leaf([signs, name(reviews)]))).toContain("not for a client");
  expect(await reason(leaf([client, name(reviews)]))).toContain("key usage");
  expect(await reason(leaf([new KeyUsagesExtension(1 | 32, true), client, name(reviews)]))).toContain("key usage");
  expect(verifiedIdentity(derOf(files.certificate), { roots, trustDomain })).toMatchObject({ kind: "refused" });
});

test("two workloads shake hands both ways; an expired one, a stranger's root and the wrong side's root do not", async () => {
  const [authority, stranger] = [await testAuthority(), await testAuthority()];
  const [server, client] = [await authority.issued(reviews), await authority.issued(ratings)];
  const listening = await mutualServer(server, authority.roots());
  const socket = await mutualConnection(listening, client, authority.roots());
  expect(authority.verified(socket.getPeerX509Certificate()!.raw, "server")).toBe(reviews);
  await expect(mutualConnection(listening, await stranger.issued(ratings), authority.roots())).rejects.toThrow();
  await expect(mutualConnection(listening, client, stranger.roots())).rejects.toThrow();
  const brief = await authority.issued(ratings, { lifetimeMs: 1500 });
  await new Promise((done) => setTimeout(done, 1600));
  await expect(mutualConnection(listening, brief, authority.roots())).rejects.toThrow();
});

test("a SPIFFE ID is its trust domain and path, and nothing that is not", () => {
  const segment = fc.stringMatching(/^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,20}$/);
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9._-]{1,30}$/),
      fc.array(segment, { minLength: 1, maxLength: 5 }),
      (domain, segments) => {
        const path = `/${segments.join("/")}`;
        expect(spiffeParts(`spiffe://${domain}${path}`)).toEqual({ trustDomain: domain, path });
        for (const broken of [
          `${path}/`,
          `${path}//a`,
          `${path}?q`,
          `${path}#f`,
          `${path}/..`,
          `:80${path}`,
          `@x${path}`,
          `${path}%20`,
          `${path}\n`,
        ])
          expect(spiffeParts(`spiffe://${domain}${broken}`)).toBeUndefined();
      },
    ),
  );
});
