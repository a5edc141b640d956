import type { ApolloServerPlugin } from '@apollo/server';
import type { Calls, Cost } from '../observe/cost.ts';
import { mayRead, type Caller } from '../model/caller.ts';
import { toLocationId, type LocationId } from '../model/ids.ts';
import type { OperationContext } from './context.ts';
import type { Estimate } from './estimate.ts';

/** Adds `extensions.cost` to the answers that are to tell what they have cost, those of refused operations included. */
export const costExtension: ApolloServerPlugin<OperationContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ response: { body }, contextValue: { caller, isTellingCost, trace, meter } }) => {
        if (isTellingCost && trace.estimate !== null && body.kind === 'single')
          body.singleResult.extensions = {
            ...body.singleResult.extensions,
            cost: toldCost(trace.estimate, meter.cost(), caller),
          };
        return Promise.resolve();
      },
    }),
};

const toldCost = ({ total, perLocation }: Estimate, { byHolder, ...cost }: Cost, caller: Caller) => {
  const company = caller.isOfCompany ? byHolder.get('company') : undefined; // it tells how large the company is
  return {
    estimated: { total, perLocation },
    ...callsOf(cost),
    locations: [...byHolder]
      .flatMap(([holder, calls]) => {
        const id = ownLocationOf(caller, holder);
        return id === null ? [] : [{ id, ...callsOf(calls) }];
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    company: company ? callsOf(company) : null,
  };
};

// As holderKey writes it.
const ofLocation = 'location:';

/** The location that a holder of calls is; null for the company, and for a location that is not the caller's: nothing should read one for
 * them, and were it done, nobody should hear of it. */
export const ownLocationOf = (caller: Caller, holder: string): LocationId | null => {
  const id = holder.startsWith(ofLocation) ? toLocationId(holder.slice(ofLocation.length)) : null;
  return id !== null && mayRead(caller, id) ? id : null;
};

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

/** What is worth one upstream call: so much of an answer, so much time for a document that is not kept. */
const charactersOfOneCall = 20_000;
const msOfOneCall = 2;

type Charged = Pick<OperationContext, 'caller' | 'meter' | 'trace'>;

/** Each upstream call that was made for it counts 1, each look at a grant, 20 KB of its answer, and 2 ms of reading its document. */
export const chargeOf = ({ caller, meter, trace }: Charged, text: string): Charge => {
  const { made, byHolder } = meter.cost();
  const work = text.length / charactersOfOneCall;
  const locations = new Map<string, number>([...trace.locations].map((id) => [id, work / trace.locations.size]));
  for (const [holder, calls] of byHolder) {
    const id = ownLocationOf(caller, holder);
    if (id !== null) locations.set(id, (locations.get(id) ?? 0) + calls.made);
  }
  return { cost: made + trace.grantLooks + work + trace.workMs / msOfOneCall, locations };
};
