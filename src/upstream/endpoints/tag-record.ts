import { z } from 'zod';
import { toTagId } from '../../model/ids.ts';
import type { TagRecord } from '../../model/tag.ts';
import { flag, instant, moment, text } from '../read.ts';

/** A tag as upstream writes it; its spec requires nothing, an id is what makes it a tag. `name` is upstream's `tag`. */
export const upstreamTag = z.object({
  _id: z.string().refine((id) => toTagId(id) !== null),
  tag: text,
  createdAt: moment,
  updatedAt: moment,
  createdBy: text,
  deleted: flag,
});

/** What `upstreamTag` gives. */
export type UpstreamTag = z.infer<typeof upstreamTag>;

/** The record in our words; null where the id is not one. */
export const toTagRecord = (tag: UpstreamTag): TagRecord | null => {
  const id = toTagId(tag._id);
  if (id === null) return null;
  return {
    id,
    name: tag.tag,
    createdAt: instant(tag.createdAt),
    updatedAt: instant(tag.updatedAt),
    createdById: tag.createdBy,
    isDeleted: tag.deleted === true,
  };
};
