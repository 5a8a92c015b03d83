/** An exact share between 0 and 1, in lowest terms. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

export const one: Fraction = { numerator: 1, denominator: 1 };

export const fraction = (numerator: number, denominator: number): Fraction => {
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
};

/** Exact while the product of the reduced terms stays below 2^53; weights are at most 10^8, so two splits in a row are. */
export const product = (a: Fraction, b: Fraction): Fraction => {
  const [x, y] = [fraction(a.numerator, b.denominator), fraction(b.numerator, a.denominator)];
  return fraction(x.numerator * y.numerator, x.denominator * y.denominator);
};

export const sum = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);

/** "90 %", "0.1 %", "1/3". */
export const percentage = ({ numerator, denominator }: Fraction): string => {
  const percent = (numerator * 100) / denominator;
  return Number.isInteger(percent * 10_000) ? `${percent} %` : `${numerator}/${denominator}`;
};

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? Math.max(a, 1) : greatestCommonDivisor(b, a % b);
