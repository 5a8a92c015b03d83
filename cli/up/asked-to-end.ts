const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Aborts when somebody asks this process to end, or nobody reads what it says any more: the terminal is closed, the pipe is.
 * Whoever is impatient asks twice: then it ends at once.
 */
export const askedToEnd = (): AbortSignal => {
  const asked = new AbortController();
  for (const signal of signals)
    process.on(signal, () => {
      if (asked.signal.aborted && signal !== "SIGHUP") process.exit(130);
      asked.abort();
    });
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => asked.abort());
  return asked.signal;
};
