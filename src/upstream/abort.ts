/** The promise, or the reason of the signal, whichever comes first. The work behind the promise goes on: others may wait for it. */
export const orAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  let leave = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([aborted, promise]); // also when aborted before: the race hears the promise's own failure
  } finally {
    signal.removeEventListener('abort', leave);
  }
};
