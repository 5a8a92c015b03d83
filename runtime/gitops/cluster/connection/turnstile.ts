/**
 * Lets `width` in at one time, first come first served; the answer is how one leaves. Rejects with the signal's reason when that
 * aborts before it was one's turn.
 */
export const turnstile = (width: number): ((signal?: AbortSignal) => Promise<() => void>) => {
  let inside = 0;
  const waiting = new Set<() => void>();
  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) inside -= 1;
    else {
      waiting.delete(next);
      next();
    }
  };
  const once = (): (() => void) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      leave();
    };
  };
  return async (signal) => {
    signal?.throwIfAborted();
    if (inside < width) {
      inside += 1;
      return once();
    }
    return new Promise((resolve, reject) => {
      const entered = (): void => {
        signal?.removeEventListener("abort", gone);
        resolve(once());
      };
      const gone = (): void => {
        waiting.delete(entered);
        reject(signal?.reason as Error);
      };
      waiting.add(entered);
      signal?.addEventListener("abort", gone, { once: true });
    });
  };
};
