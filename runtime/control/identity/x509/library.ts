/** The X.509 library with the polyfill that its dependency injection asks for; nobody else may import either. */
// oxlint-disable-next-line import/no-unassigned-import -- it is imported for what it does, and exports nothing
import "reflect-metadata";

export * from "@peculiar/x509";
