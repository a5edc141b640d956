/** One line of a scrape. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Name and labels as they stand. */
  readonly series: string;
}

/** A scrape, and all that is wrong with it. */
export interface Exposition {
  readonly samples: readonly Sample[];
  /** The type of each metric that is told of. */
  readonly types: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
}

const linePattern = /^([a-z_][a-z0-9_]*)(\{.*\})? ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/;
const labelPattern = /([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/gy;

/** Reads Prometheus' text format more strictly than a server does: the rules of the format 0.0.4, and those that `promtool check metrics`
 * has for names. That itself runs in test/faults, where its 330 MB are installed. */
export const readExposition = (text: string): Exposition => {
  const problems: string[] = text.endsWith('\n') ? [] : ['the last line does not end'];
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples = text.split('\n').flatMap((line) => {
    const [, kind, about = '', rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'TYPE') problems.push(...typeProblems(about, rest ?? '', types.has(about)));
    if (kind === 'TYPE') types.set(about, rest ?? '');
    if (kind === 'HELP') helps.add(about);
    if (line === '' || kind !== undefined) return [];
    const sample = readSample(line);
    if (sample === null) problems.push(`not a line of the format: ${line}`);
    return sample ?? [];
  });
  problems.push(...[...types.keys()].filter((name) => !helps.has(name)).map((name) => `${name} has no help`));
  problems.push(...samples.flatMap((sample) => sampleProblems(sample, types)), ...twice(samples));
  problems.push(...histogramProblems(samples, types));
  return { samples, types, problems };
};

const readSample = (line: string): Sample | null => {
  const [, name, braces = '', value] = linePattern.exec(line) ?? [];
  if (name === undefined) return null;
  const inside = braces.slice(1, -1);
  const pairs = [...inside.matchAll(labelPattern)];
  if (pairs.map(([whole]) => whole).join('') !== inside) return null;
  const labels = Object.fromEntries(pairs.map(([, label, text]) => [label, text]));
  return { name, labels, value: Number(value?.replace('Inf', 'Infinity')), series: name + braces };
};

const typeProblems = (name: string, type: string, isKnown: boolean): string[] => [
  ...(isKnown ? [`${name} is told of twice`] : []),
  ...(['counter', 'gauge', 'histogram'].includes(type) ? [] : [`${name} is a ${type}`]),
  ...((type === 'counter') === name.endsWith('_total') ? [] : [`${name} is a ${type}`]),
  ...(/_(bucket|count|sum)$|counter|gauge|histogram|milli|minutes|hours|kilo|_ms(_|$)/.test(name)
    ? [`bad name: ${name}`]
    : []),
];

const familyOf = (name: string, types: ReadonlyMap<string, string>): string => {
  const family = name.replace(/_(bucket|count|sum)$/, '');
  return types.get(family) === 'histogram' ? family : name;
};

const sampleProblems = ({ name, labels, value, series }: Sample, types: ReadonlyMap<string, string>): string[] => {
  const type = types.get(familyOf(name, types));
  const isBucket = name.endsWith('_bucket');
  return [
    ...(type === undefined ? [`${series} has no type`] : []),
    ...('le' in labels === isBucket && !('quantile' in labels) ? [] : [`reserved label: ${series}`]),
    ...(Number.isFinite(value) && (type === 'gauge' || value >= 0) ? [] : [`${series} is ${value}`]),
  ];
};

const twice = (samples: readonly Sample[]): string[] =>
  [...Map.groupBy(samples, ({ series }) => series)].flatMap(([series, all]) =>
    all.length > 1 ? [`${series} stands there ${all.length} times`] : [],
  );

const histogramProblems = (samples: readonly Sample[], types: ReadonlyMap<string, string>): string[] => {
  const ofHistograms = samples.filter(({ name }) => types.get(familyOf(name, types)) === 'histogram');
  const groups = Map.groupBy(ofHistograms, ({ name, labels }) =>
    JSON.stringify([familyOf(name, types), Object.entries(labels).filter(([label]) => label !== 'le')]),
  );
  return [...groups].flatMap(([key, group]) => {
    const buckets = group.filter(({ name }) => name.endsWith('_bucket')).map(({ value }) => value);
    const count = group.find(({ name }) => name.endsWith('_count'))?.value;
    const isRising = buckets.every((value, index) => value >= (buckets[index - 1] ?? 0));
    const hasEnd = group.some(({ labels: { le } }) => le === '+Inf') && buckets.at(-1) === count;
    const hasSum = group.some(({ name }) => name.endsWith('_sum'));
    return isRising && hasEnd && hasSum ? [] : [`not a histogram: ${key}`];
  });
};
