/** What `work` gives, when it gives it in time; else rejects. The work goes on, nobody hears of its end. */
export const inTime = async <T>(limitMs: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`no answer within ${limitMs} ms`));
    // While this process itself stands still, answers lie unread, and then timers run before sockets are read: a standstill
    // may use up one half of the limit but not both, and after the second half what has arrived by then is read first.
    timer = setTimeout(() => {
      timer = setTimeout(() => setImmediate(giveUp), limitMs / 2);
    }, limitMs / 2);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};
