import type { Random } from './random.ts';

/** How upstream counts; it documents neither where its windows lie nor whether they slide. */
export interface UpstreamLimits {
  readonly limit: number;
  readonly windowMs: number;
  readonly dailyLimit: number;
  readonly isSliding: boolean;
  /** What its answers tell of it: all headers, all but when the day ends, or none. */
  readonly tells: 'all' | 'no-day-end' | 'nothing';
}

/** What became of one arrival. */
interface Arrival {
  readonly isRefused: boolean;
  /** Whether it is refused only because others have spent so much of a day of which no answer tells anything. */
  readonly isUnforeseeable: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Which of upstream's days this is. */
  readonly day: number;
}

/** What upstream counts of one holder. */
export interface HolderLimits {
  readonly arrive: (now: number) => Arrival;
  /** Somebody else's request. */
  readonly arriveOtherwise: (now: number) => void;
  /** Refuses all until then, whatever was spent. */
  readonly refuseUntil: (until: number) => void;
}

const dayMs = 86_400_000;

/** Windows and days begin at moments of chance. A refused request does not count, as far as upstream goes. */
export const createHolderLimits = (limits: UpstreamLimits, random: Random): HolderLimits => {
  const { limit, windowMs, dailyLimit } = limits;
  const windowPhase = random.between(0, windowMs - 1);
  const dayPhase = random.between(0, dayMs - 1);
  const recent: number[] = []; // of the last window, where windows slide
  let window = { index: 0, spent: 0 };
  let day = { index: 0, spent: 0, spentByOthers: 0 };
  let refusingUntil = 0;

  const turn = (now: number): void => {
    const index = Math.floor((now + windowPhase) / windowMs);
    if (index !== window.index) window = { index, spent: 0 };
    const today = Math.floor((now + dayPhase) / dayMs);
    if (today !== day.index) day = { index: today, spent: 0, spentByOthers: 0 };
    while (recent[0] !== undefined && recent[0] <= now - windowMs) recent.shift();
  };
  const spentNow = () => (limits.isSliding ? recent.length : window.spent);
  const headersAt = (now: number): Record<string, string> => {
    if (limits.tells === 'nothing') return {};
    const isRefusing = now < refusingUntil;
    return {
      'x-ratelimit-max': String(limit),
      'x-ratelimit-remaining': String(isRefusing ? 0 : limit - spentNow()),
      'x-ratelimit-interval-milliseconds': String(windowMs),
      'x-ratelimit-limit-daily': String(dailyLimit),
      'x-ratelimit-daily-remaining': String(dailyLimit - day.spent),
      ...(limits.tells === 'all' && { 'x-ratelimit-daily-reset': String(dayMs - ((now + dayPhase) % dayMs)) }),
    };
  };
  const arrive = (now: number): Arrival => {
    turn(now);
    const isOver = now < refusingUntil || spentNow() >= limit;
    const isRefused = isOver || day.spent >= dailyLimit;
    if (!isRefused) {
      window.spent += 1;
      day.spent += 1;
      if (limits.isSliding) recent.push(now);
    }
    const isOthersDoing = isRefused && !isOver && day.spent - day.spentByOthers < dailyLimit;
    const isUnforeseeable = isOthersDoing && limits.tells === 'nothing';
    return { isRefused, isUnforeseeable, headers: headersAt(now), day: day.index };
  };
  return {
    arrive,
    arriveOtherwise: (now) => {
      if (!arrive(now).isRefused) day.spentByOthers += 1;
    },
    refuseUntil: (until) => void (refusingUntil = until),
  };
};
