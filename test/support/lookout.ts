/** What a program has said so far, and what looks out for more of it. */
export interface Lookout {
  readonly output: () => string;
  /** Resolves with the first match in what was said or is going to be; rejects when the program ends before that, and after 20 s. */
  readonly seen: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly hear: (text: string) => void;
  /** Nothing more will come. */
  readonly end: () => void;
}

const patienceMs = 20_000;

/** Has heard nothing yet. */
export const createLookout = (): Lookout => {
  let text = '';
  let isOver = false;
  const lookers = new Set<() => void>();
  const lookAll = () => {
    for (const look of lookers) look();
  };
  const seen = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const end = (act: () => void) => {
        clearTimeout(impatience);
        lookers.delete(look);
        act();
      };
      const giveUp = (why: string) => end(() => reject(new Error(`${why} ${String(pattern)}: ${text}`)));
      const look = () => {
        const match = pattern.exec(text);
        if (match) end(() => resolve(match));
        else if (isOver) giveUp('ended before');
      };
      const impatience = setTimeout(giveUp, patienceMs, `${patienceMs} ms without`);
      lookers.add(look);
      look();
    });
  return {
    output: () => text,
    seen,
    hear: (more) => {
      text += more;
      lookAll();
    },
    end: () => {
      isOver = true;
      lookAll();
    },
  };
};
