/** The X.509 library with the polyfill that its dependency injection asks for; nobody else may import either. */
import "reflect-metadata";

export * from "@peculiar/x509";
