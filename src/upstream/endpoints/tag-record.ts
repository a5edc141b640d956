import { z } from 'zod';
import { toTagId } from '../../model/ids.ts';
import type { TagRecord } from '../../model/tag.ts';
import { flag, idOf, instant, moment, text } from '../read.ts';

/** A tag as upstream writes it; its spec requires nothing, an id is what makes it a tag. `name` is upstream's `tag`. */
export const upstreamTag = z.object({
  _id: idOf(toTagId),
  tag: text,
  createdAt: moment,
  updatedAt: moment,
  createdBy: text,
  deleted: flag,
});

/** What `upstreamTag` gives. */
export type UpstreamTag = z.infer<typeof upstreamTag>;

/** The record in our words. */
export const toTagRecord = ({ _id, tag, createdAt, updatedAt, createdBy, deleted }: UpstreamTag): TagRecord => ({
  id: _id,
  name: tag,
  createdAt: instant(createdAt),
  updatedAt: instant(updatedAt),
  createdById: createdBy,
  isDeleted: deleted === true,
});
