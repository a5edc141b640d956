import { GatewayError } from '../../src/model/errors.ts';
import { holderKey, type Send, type UpstreamRequest, type UpstreamResponse } from '../../src/upstream/send.ts';
import type { Life, VirtualTime } from './clock.ts';
import type { Random } from './random.ts';

/** What is wrong with the way to upstream at the moment. */
export interface Weather {
  /** Shares of the requests that never arrive, and of the answers that never come back. */
  lostRequests: number;
  lostAnswers: number;
  /** Share of the answers that upstream takes long for. */
  slowAnswers: number;
  /** How upstream is down, if it is. */
  down: 'refusing' | 'hanging' | 'failing' | null;
}

/** The other end: what arrives there is counted, whatever becomes of the answer. */
type Arrive = (request: UpstreamRequest) => UpstreamResponse;

/** What the wire is made of. */
export interface Wire {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly weather: Weather;
  readonly arrive: Arrive;
}

/** Milliseconds: there and back, what upstream takes, and the longest that a request takes to arrive (an attempt is given up later). */
const way = { least: 5, most: 60 } as const;
const work = { least: 10, most: 180 } as const;
const slowWork = { least: 800, most: 9_000 } as const;

/**
 * Stands where the transport stands. A request that is given up has been sent all the same: it arrives and is counted. Of an answer to a
 * replica that has died nobody hears.
 */
export const createNetwork =
  ({ time, random, weather, arrive }: Wire, life: Life): Send =>
  (request) => {
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>();
    const { signal } = request;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const thereMs = random.between(way.least, way.most);
    const backMs = random.between(way.least, way.most);
    const workMs = random.chance(weather.slowAnswers)
      ? random.between(slowWork.least, slowWork.most)
      : random.between(work.least, work.most);
    const [isLost, isAnswerLost] = [random.chance(weather.lostRequests), random.chance(weather.lostAnswers)];
    const tell = (give: () => void) => {
      if (life.isAlive && !signal.aborted) give();
    };
    const fail = (why: string) =>
      tell(() => reject(new GatewayError('UPSTREAM_UNAVAILABLE', { cause: new Error(why) })));
    const giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    time.after(thereMs, () => {
      if (weather.down === 'refusing') time.after(backMs, () => fail('refused'));
      if (isLost || weather.down === 'refusing' || weather.down === 'hanging') return;
      const isFailing = weather.down === 'failing';
      const answer = arrive(request);
      if (isAnswerLost) return;
      time.after(workMs + backMs, () =>
        tell(() => resolve(isFailing && answer.status < 300 ? failed(answer) : answer)),
      );
    });
    return promise.finally(() => signal.removeEventListener('abort', giveUp));
  };

const failed = ({ headers }: UpstreamResponse): UpstreamResponse => ({ status: 503, headers, body: null });

/** The location whose token a request carries, `company` for the company's. */
export const ownerOf = ({ holder }: Pick<UpstreamRequest, 'holder'>): string =>
  holder.kind === 'location' ? holder.locationId : holderKey(holder);
