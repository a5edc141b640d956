import type { ApolloServerPlugin } from '@apollo/server';
import type { Calls, Cost } from '../observe/cost.ts';
import type { OperationContext } from './context.ts';
import type { Estimate } from './estimate.ts';

/** Adds `extensions.cost` to the answers that are to tell what they have cost, those of refused operations included. */
export const costExtension: ApolloServerPlugin<OperationContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ response: { body }, contextValue: { isTellingCost, trace, meter } }) => {
        if (isTellingCost && trace.estimate !== null && body.kind === 'single')
          body.singleResult.extensions = {
            ...body.singleResult.extensions,
            cost: toldCost(trace.estimate, meter.cost()),
          };
        return Promise.resolve();
      },
    }),
};

const toldCost = ({ total, perLocation }: Estimate, { byHolder, ...cost }: Cost) => {
  const company = byHolder.get('company');
  return {
    estimated: { total, perLocation },
    ...callsOf(cost),
    locations: [...byHolder]
      .flatMap(([holder, calls]) => {
        const id = locationOf(holder);
        return id === null ? [] : [{ id, ...callsOf(calls) }];
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    company: company ? callsOf(company) : null,
  };
};

// As holderKey writes it.
const ofLocation = 'location:';

/** The location that a holder of calls is; null for the company. */
export const locationOf = (holder: string): string | null =>
  holder.startsWith(ofLocation) ? holder.slice(ofLocation.length) : null;

const callsOf = ({ made, shared, fromCache }: Calls): Calls => ({ made, shared, fromCache });

/** What is known of an operation once its answer is written. */
export type Answered = Pick<OperationContext, 'trace' | 'meter' | 'isTellingCost'>;

/** An answer's text as it would be if it did not tell its cost: two answers that differ in nothing else are the same answer. */
export const withoutCost = (text: string, { isTellingCost, trace }: Answered): string => {
  if (!isTellingCost || trace.estimate === null) return text;
  // Extensions stand last, and nothing within the cost looks like their beginning; within the data an alias can.
  return `${text.slice(0, text.lastIndexOf(',"extensions":{"cost":{'))}}\n`;
};

/** What an operation counts against its caller's allowance, and against those of its locations. */
export interface Charge {
  readonly cost: number;
  readonly locations: ReadonlyMap<string, number>;
}

/** So much of an answer takes about as much work as one upstream call. */
const charactersOfOneCall = 20_000;

/** Each upstream call that was made for it counts 1, and so do 20 KB of its answer. */
export const chargeOf = ({ meter, trace }: Pick<OperationContext, 'meter' | 'trace'>, text: string): Charge => {
  const { made, byHolder } = meter.cost();
  const work = text.length / charactersOfOneCall;
  const locations = new Map<string, number>([...trace.locations].map((id) => [id, work / trace.locations.size]));
  for (const [holder, calls] of byHolder) {
    const id = locationOf(holder);
    if (id !== null) locations.set(id, (locations.get(id) ?? 0) + calls.made);
  }
  return { cost: made + work, locations };
};
