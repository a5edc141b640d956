// Repetitions without an end start at word boundaries or are bounded: a long text from outside must not cost its length squared.
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s{1,9}[A-Za-z0-9._~+/=-]+/gi, '$1 [redacted]'],
  [
    /\b(access_token|refresh_token|client_secret|code|authorizationCode|clientSecret|refreshToken|accessToken|password)(\\*["']?\s{0,9}[=:]\s{0,9}\\*["']?)[^\s"'&,}\\]+/g,
    '$1$2[redacted]',
  ],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+/g, '[redacted]'],
  [/(ugw_[0-9a-z]{10}_)[A-Za-z0-9_-]+/g, '$1[redacted]'], // a service token; its id is no secret and says which
  [/\bpit-[A-Za-z0-9-]{8,}/g, '[redacted]'],
  [/\b(\w{1,20}:\/\/)[^\s/]*@/g, '$1[redacted]@'],
];

/** The most characters that are looked at, and that are kept: more is not for a log, and a secret cut in two is not recognised. */
const mostRead = 8_192;
const mostKept = 4_096;

/** Takes text, gives its first 4,096 characters back without anything that looks like a secret or is one of the known ones. */
export type Redact = (text: string) => string;

/** `secrets`: the values that this process was configured with; those under 6 characters are too short to search for. */
export const createRedact = (secrets: readonly string[]): Redact => {
  // Longest first: one that begins another must not leave the other's end behind.
  const known = secrets
    .filter((secret) => secret.length >= 6)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret.toWellFormed()),
      new URLSearchParams([['', secret]]).toString().slice(1), // as forms spell it, which is not the same
      JSON.stringify(secret).slice(1, -1),
    ])
    .toSorted((a, b) => b.length - a.length);
  return (text) => {
    const read = text.slice(0, mostRead);
    const withoutKnown = known.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), read);
    return patterns
      .reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), withoutKnown)
      .slice(0, mostKept);
  };
};

/** An error as a log may hold it: names, codes and redacted messages down the chain of causes; never the objects themselves,
 * whose properties hold requests and headers. */
export const describeError = (error: unknown, redact: Redact, depth = 0): string => {
  if (!(error instanceof Error)) return redact(typeof error === 'string' ? error : typeof error).slice(0, 500);
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  const own = `${error.name}${code}: ${redact(error.message).slice(0, 500)}`;
  return error.cause === undefined || depth > 4 ? own : `${own} <- ${describeError(error.cause, redact, depth + 1)}`;
};
