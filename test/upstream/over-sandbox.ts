import {
  toLocationId,
  toProfileId,
  toTagId,
  type LocationId,
  type ProfileId,
  type TagId,
} from '../../src/model/ids.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { deadline } from '../../src/upstream/deadline.ts';
import { ownCause, type Cause } from '../../src/upstream/cause.ts';
import { createUpstream, type Upstream } from '../../src/upstream/endpoint.ts';
import { holderKey, stack, type Holder, type Stage } from '../../src/upstream/send.ts';
import { createDispatcher, createTransport } from '../../src/upstream/transport.ts';

/** Upstream's endpoints over a running sandbox, with private tokens in place of the token room. */
export interface OverSandbox {
  readonly upstream: Upstream;
  /** What was read in spite of its form, oldest first. */
  readonly tolerated: readonly string[];
  close(): Promise<void>;
}

/** Nobody leaves, and an operation named Test is the cause. */
export const cause: Cause = { ...ownCause('interactive', 60_000_000), operations: ['Test'] };

/** Real HTTP, real tokens; only the token endpoint is left out. */
export const overSandbox = (sandbox: Sandbox): OverSandbox => {
  const tokens = new Map<string, string>();
  const tolerated: string[] = [];
  const tokenOf = (holder: Holder): string => {
    const key = holderKey(holder);
    const known = tokens.get(key) ?? sandbox.issuePrivateToken(holder.kind === 'company' ? sandbox : holder);
    tokens.set(key, known);
    return known;
  };
  const bearer: Stage = (next) => (request) =>
    next({ ...request, headers: { ...request.headers, authorization: `Bearer ${tokenOf(request.holder)}` } });
  const dispatcher = createDispatcher();
  const transport = createTransport(dispatcher, { url: sandbox.url, isTellingOperations: true });
  return {
    upstream: createUpstream({
      send: stack([bearer, deadline(5_000)], transport),
      tolerated: (what) => tolerated.push(what),
    }),
    tolerated,
    close: () => dispatcher.destroy(),
  };
};

const must = <Id>(id: Id | null): Id => {
  if (id === null) throw new Error('not an id');
  return id;
};

/** An id, or the test is wrong. */
export const locationId = (text: string): LocationId => must(toLocationId(text));
/** An id, or the test is wrong. */
export const tagId = (text: string): TagId => must(toTagId(text));
/** An id, or the test is wrong. */
export const profileId = (text: string): ProfileId => must(toProfileId(text));
