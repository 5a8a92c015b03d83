/** metav1.MicroTime, which wants six digits. `at` is in milliseconds since 1970. */
export const microTime = (at: number): string => new Date(at).toISOString().replace("Z", "000Z");
