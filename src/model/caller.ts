import type { LocationId } from './ids.ts';

/** Who asks, and what they may see. */
export interface Caller {
  /** Stable identifier of the person or service. */
  readonly subject: string;
  readonly kind: 'USER' | 'SERVICE';
  /** Stands for the caller in logs, limits and counts: the same for each of their tokens, and says nothing personal. */
  readonly key: string;
  /** Scopes in force, spelled as upstream spells them. */
  readonly scopes: readonly string[];
  /** The locations they may read; `all` is whatever the upstream grant reaches. */
  readonly locations: 'all' | ReadonlySet<LocationId>;
  /** Whether what is the company's as a whole is theirs to read: true of those who read all its locations. */
  readonly isOfCompany: boolean;
}

/** Whether the caller may read the location. Decided where an id enters the graph, never again below. */
export const mayRead = ({ locations }: Caller, id: LocationId): boolean => locations === 'all' || locations.has(id);

/** Whether the caller holds one of the alternatives: outer list OR, inner list AND. */
export const holdsScopes = ({ scopes }: Caller, alternatives: readonly (readonly string[])[]): boolean =>
  alternatives.some((all) => all.every((scope) => scopes.includes(scope)));
