const GENDERS = { male: 0.412, female: 0.547, unknown: 0.041 };
const AGES = {
  '13-17': 0.03,
  '18-24': 0.14,
  '25-34': 0.31,
  '35-44': 0.24,
  '45-54': 0.15,
  '55-64': 0.08,
  '65+': 0.05,
};

/** Shares of a whole number that add up to it again: what rounding leaves over goes to the last. */
const divide = (whole: number, shares: Readonly<Record<string, number>>): [string, number][] => {
  let left = whole;
  const names = Object.keys(shares);
  return Object.entries(shares).map(([name, share], index) => {
    const part = index === names.length - 1 ? left : Math.round(whole * share);
    left -= part;
    return [name, part];
  });
};

/** Who follows: made up, but both groupings add up to the followers. Percentages are numbers here, unlike changes. */
export const demographicsOf = (followers: number) => ({
  gender: {
    totals: Object.fromEntries(
      divide(followers, GENDERS).map(([gender, total]) => [
        gender,
        { total, percentage: followers === 0 ? 0 : Math.round((total / followers) * 10_000) / 100 },
      ]),
    ),
  },
  age: { totals: Object.fromEntries(divide(followers, AGES)) },
});
