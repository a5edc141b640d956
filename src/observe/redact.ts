const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, '$1 [redacted]'],
  [
    /\b(access_token|refresh_token|client_secret|code|authorizationCode|clientSecret|refreshToken|accessToken)(["']?\s*[=:]\s*["']?)[^\s"'&,}]+/g,
    '$1$2[redacted]',
  ],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+/g, '[redacted]'],
  [/(\w+:\/\/)[^\s/@:]*:[^\s/@]+@/g, '$1[redacted]@'],
];

/** Takes text, gives it back without anything that looks like a secret or is one of the known ones. */
export type Redact = (text: string) => string;

/** `secrets`: the values that this process was configured with; those under 6 characters are too short to search for. */
export const createRedact = (secrets: readonly string[]): Redact => {
  const known = secrets.filter((secret) => secret.length >= 6);
  return (text) => {
    const withoutKnown = known.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
    return patterns.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), withoutKnown);
  };
};

/** An error as a log may hold it: names, codes and redacted messages down the chain of causes; never the objects themselves,
 * whose properties hold requests and headers. */
export const describeError = (error: unknown, redact: Redact, depth = 0): string => {
  if (!(error instanceof Error)) return redact(typeof error === 'string' ? error : typeof error);
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  const own = `${error.name}${code}: ${redact(error.message).slice(0, 500)}`;
  return error.cause === undefined || depth > 4 ? own : `${own} <- ${describeError(error.cause, redact, depth + 1)}`;
};
