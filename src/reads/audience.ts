import type { AgeRange, Audience } from '../model/statistics.ts';
import type { StatisticsAnswer } from '../upstream/endpoints/statistics-answer.ts';

const genders = { female: 'FEMALE', male: 'MALE', unknown: 'UNKNOWN' } as const;
const range = /^(\d{1,3})(?:-(\d{1,3})|\+)$/;

/** Who the audience is; null when upstream sent nothing that can be read. Age ranges are upstream's and may change. */
export const toAudience = ({ demographics }: StatisticsAnswer): Audience | null => {
  if (demographics === null) return null;
  const byGender = demographics.gender?.totals ?? {};
  const audience = {
    genders: Object.entries(genders).flatMap(([key, gender]) => {
      const share = byGender[key];
      return share === undefined ? [] : [{ gender, ...share }];
    }),
    ageRanges: Object.entries(demographics.age?.totals ?? {}).flatMap(([key, total]) => toAgeRange(key, total)),
  };
  return audience.genders.length + audience.ageRanges.length === 0 ? null : audience;
};

// Of ages upstream gives people only, of genders percentages too.
const toAgeRange = (key: string, total: number | null): AgeRange[] => {
  const [, min, max] = range.exec(key) ?? [];
  return min === undefined
    ? []
    : [{ key, minAge: Number(min), maxAge: max === undefined ? null : Number(max), total, percentage: null }];
};
