/** What is made of something immutable, made once for as long as that lives: thousands of questions are asked of one. */
export const once = <T extends object, V extends object>(make: (of: T) => V): ((of: T) => V) => {
  const known = new WeakMap<T, V>();
  return (of) => {
    const found = known.get(of);
    if (found !== undefined) return found;
    const made = make(of);
    known.set(of, made);
    return made;
  };
};
