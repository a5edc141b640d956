/** What a scenario found: whether each promise was kept, in words with the figures. */
export interface Promised {
  readonly isKept: boolean;
  readonly what: string;
}

/** One thing that must be shown. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Seconds that it measures for, unless told otherwise; null where it takes what it takes. */
  readonly seconds: number | null;
  /** Prints its table. */
  readonly run: (seconds: number) => Promise<readonly Promised[]>;
}

/** Says what is going on while `work` takes its time: on a terminal every second on one line, else every ten seconds. */
export const withProgress = async <T>(what: string, seconds: number, work: Promise<T>): Promise<T> => {
  const { isTTY } = process.stderr;
  const startedAt = performance.now();
  const tell = () => {
    const passed = Math.round((performance.now() - startedAt) / 1_000);
    process.stderr.write(`${isTTY ? '\r\x1b[K' : ''}  … ${what}, ${passed} of ${seconds} s${isTTY ? '' : '\n'}`);
  };
  tell();
  const timer = setInterval(tell, isTTY ? 1_000 : 10_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (isTTY) process.stderr.write('\r\x1b[K');
  }
};

/** Of a promise whose figures must be at most so large. */
export const atMost = (what: string, most: number, figures: readonly number[]): Promised => ({
  isKept: figures.length > 0 && figures.every((figure) => figure <= most),
  what: `${what}: ${figures.join(', ')} (at most ${most})`,
});
