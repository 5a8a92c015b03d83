const logFactorials: number[] = [0];

const logFactorial = (n: number): number => {
  for (let k = logFactorials.length; k <= n; k += 1) logFactorials.push(logFactorials[k - 1]! + Math.log(k));
  return logFactorials[n]!;
};

const probability = (hits: number, trials: number, share: number): number => {
  if (share === 0 || share === 1) return hits === (share === 0 ? 0 : trials) ? 1 : 0;
  return Math.exp(
    logFactorial(trials) -
      logFactorial(hits) -
      logFactorial(trials - hits) +
      hits * Math.log(share) +
      (trials - hits) * Math.log1p(-share),
  );
};

/**
 * How likely a result at least as improbable as this one is, if the share is what it should be: the exact two-sided
 * binomial test (method of small probabilities).
 */
export const binomialTest = (hits: number, trials: number, share: number): number => {
  const observed = probability(hits, trials, share);
  let total = 0;
  for (let k = 0; k <= trials; k += 1) {
    const each = probability(k, trials, share);
    if (each <= observed * (1 + 1e-9)) total += each;
  }
  return Math.min(1, total);
};
