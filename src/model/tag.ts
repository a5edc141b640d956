import type { Freshness } from './freshness.ts';
import type { LocationId, TagId } from './ids.ts';

/** The full record of a tag as upstream keeps it. Moments are epoch milliseconds. */
export interface TagRecord {
  readonly id: TagId;
  readonly name: string | null;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly createdById: string | null;
  readonly isDeleted: boolean;
}

/** A row of upstream's list; `record` is null where the row carries less than the full record. */
export interface TagRow {
  readonly id: TagId;
  readonly name: string | null;
  readonly record: TagRecord | null;
  /** The row's place in the whole list, counted from 0; gaps are rows that could not be read. */
  readonly offset: number;
}

/** A page of upstream's list. */
export interface TagRows {
  readonly rows: readonly TagRow[];
  readonly hasNextPage: boolean;
  /** Null where upstream's `count` may be the page's alone. */
  readonly totalCount: number | null;
}

/** The full record of a tag, and how fresh it is. */
export interface TagDetails {
  readonly locationId: LocationId;
  readonly record: TagRecord;
  readonly freshness: Freshness;
}

/** A tag in the graph; `details` is there already when whoever made it had the full record in hand. */
export interface Tag {
  readonly id: TagId;
  readonly name: string | null;
  readonly locationId: LocationId;
  readonly details: TagDetails | null;
}

/** A page of tags in the graph. */
export interface TagPage {
  readonly tags: readonly { readonly tag: Tag; readonly cursor: string }[];
  readonly hasNextPage: boolean;
  readonly totalCount: number | null;
  readonly freshness: Freshness;
}
