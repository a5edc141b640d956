import type { LocationId } from './ids.ts';

/** A location is its id until a field wants more. */
export interface Location {
  readonly id: LocationId;
}

/** What upstream tells about a location; its owner's personal data is deliberately left behind. */
export interface LocationRecord {
  readonly id: LocationId;
  readonly name: string | null;
  /** An IANA zone that this runtime knows, else null. */
  readonly timeZone: string | null;
  readonly city: string | null;
  readonly country: string | null;
}

/** One page of the locations that a caller may read. */
export interface LocationPage {
  readonly locations: readonly { readonly location: Location; readonly cursor: string }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number | null;
}
