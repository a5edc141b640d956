/** Turns an answer into well-formed JSON of the wrong types: a client that believes the contract must trip over it. */
export const nonsenseOf = (value: unknown): unknown => {
  if (value === null) return {};
  if (Array.isArray(value)) return nonsenseList(value);
  switch (typeof value) {
    case 'object':
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, nonsenseOf(member)]));
    case 'string':
      return value.length;
    case 'boolean':
      return 'perhaps';
    default:
      return 'many';
  }
};

// Lists of rows stay lists, so that the rows are looked at; the first is null, every third a text.
const nonsenseList = (rows: readonly unknown[]): unknown =>
  rows.some((row) => typeof row === 'object' && row !== null)
    ? rows.map((row, index) => (index % 3 === 0 ? null : index % 3 === 1 ? nonsenseOf(row) : 'row'))
    : 'none';
