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
      .filter(([holder]) => holder.startsWith(ofLocation))
      .map(([holder, calls]) => ({ id: holder.slice(ofLocation.length), ...callsOf(calls) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    company: company ? callsOf(company) : null,
  };
};

// As holderKey writes it.
const ofLocation = 'location:';

const callsOf = ({ made, shared, fromCache }: Calls): Calls => ({ made, shared, fromCache });

/** What is known of an operation once its answer is written. */
export type Answered = Pick<OperationContext, 'trace' | 'meter' | 'isTellingCost'>;

/** An answer's text as it would be if it did not tell its cost: two answers that differ in nothing else are the same answer. */
export const withoutCost = (text: string, { isTellingCost, trace }: Answered): string => {
  if (!isTellingCost || trace.estimate === null) return text;
  // Extensions stand last, and nothing within the cost looks like their beginning; within the data an alias can.
  return `${text.slice(0, text.lastIndexOf(',"extensions":{"cost":{'))}}\n`;
};
