import { hashOf } from './chance.ts';
import type { Clock } from './clock.ts';
import type { Location, Seeded, Tag } from './seed.ts';
import { objectId, seedTags } from './seed.ts';

/** Thrown for an id that does not exist; the message says which, for the author of a test or of a control call. */
export class UnknownIdError extends Error {}

/** The sandbox's data: locations as seeded, tags as changed since. */
export interface State {
  readonly companyId: string;
  readonly locations: readonly Location[];
  /** Null when there is none. */
  readonly findLocation: (locationId: string) => Location | null;
  /** Throws UnknownIdError when there is none. */
  readonly location: (locationId: string) => Location;
  /** In order of creation, soft-deleted ones included. */
  readonly tags: (locationId: string) => readonly Tag[];
  readonly addTag: (locationId: string, name: string) => string;
  readonly renameTag: (locationId: string, tagId: string, name: string) => void;
  readonly removeTag: (locationId: string, tagId: string) => void;
}

/** Tags come to life when a location is first asked for them. */
export const createState = (seeded: Seeded, clock: Clock): State => {
  const locations = new Map(seeded.locations.map((location) => [location.id, location]));
  const tagsByLocation = new Map<string, Tag[]>();

  const location = (locationId: string): Location => {
    const found = locations.get(locationId);
    if (found === undefined) throw new UnknownIdError(`The sandbox has no location ${locationId}`);
    return found;
  };
  const tags = (locationId: string): Tag[] => {
    const known = tagsByLocation.get(locationId);
    if (known !== undefined) return known;
    const seededTags = seedTags(location(locationId));
    tagsByLocation.set(locationId, seededTags);
    return seededTags;
  };
  const change = (locationId: string, tagId: string, edit: (tag: Tag) => void): void => {
    const tag = tags(locationId).find(({ id }) => id === tagId);
    if (tag === undefined) throw new UnknownIdError(`Location ${locationId} has no tag ${tagId}`);
    edit(tag);
    tag.updatedAt = clock();
  };

  return {
    companyId: seeded.companyId,
    locations: seeded.locations,
    findLocation: (locationId) => locations.get(locationId) ?? null,
    location,
    tags,
    addTag: (locationId, name) => {
      const now = clock();
      const known = tags(locationId);
      const id = objectId(now, hashOf(locationId, 'tag', known.length));
      const createdBy = location(locationId).userIds[0] ?? '';
      known.push({ id, name, createdAt: now, updatedAt: now, createdBy, isDeleted: false });
      return id;
    },
    renameTag: (locationId, tagId, name) => change(locationId, tagId, (tag) => (tag.name = name)),
    removeTag: (locationId, tagId) => change(locationId, tagId, (tag) => (tag.isDeleted = true)),
  };
};
