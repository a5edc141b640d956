// The only place where plain text becomes an id. A branded id has passed the allow-list below, so it can never be a path,
// a header or a line of its own (reliability: `../oauth/token` as a location id once reached another route with our token).

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Upstream's id of a location (sub-account). */
export type LocationId = Branded<'LocationId'>;
/** Upstream's id of a social planner tag, unique over all locations. */
export type TagId = Branded<'TagId'>;
/** The id by which statistics address a social account; not the account's `id`. */
export type ProfileId = Branded<'ProfileId'>;

const allowed = /^[A-Za-z0-9_-]{1,64}$/;

const branded = (text: string): string | null => (allowed.test(text) ? text : null);

/** Null when the text cannot be an id (anything but 1 to 64 letters, digits, `_` and `-`). */
export const toLocationId = (text: string): LocationId | null => branded(text) as LocationId | null;
/** Null when the text cannot be an id. */
export const toTagId = (text: string): TagId | null => branded(text) as TagId | null;
/** Null when the text cannot be an id. */
export const toProfileId = (text: string): ProfileId | null => branded(text) as ProfileId | null;
