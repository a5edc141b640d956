/** Looks again and again until there is something; throws where there never is. */
export const until = async <T>(look: () => Promise<T | null> | T | null): Promise<T> => {
  const endsAt = Date.now() + 10_000;
  while (Date.now() < endsAt) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('what was waited for never came');
};
