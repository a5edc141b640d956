import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isObjectType, parse, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import { readCatalogue } from '../../src/operation/catalogue.ts';
import { createSchema } from '../../src/operation/schema.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const schema = createSchema();
const catalogue = readCatalogue(schema, { rollUpLocations: 50, listingCalls: 20 });

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ sandbox: { incompleteListRows: true }, config: { isCacheOn: false } });
});
afterAll(() => gateway.close());

const variables = async (): Promise<Record<string, unknown>> => {
  const { full } = gateway.sandbox.locations;
  const tags = gateway.sandbox.tagsOf(full);
  const first = await gateway.ask(`{ location(id: "${full}") { tags(first: 20) { pageInfo { endCursor } } } }`);
  return {
    location: full,
    after: first.data.location.tags.pageInfo.endCursor,
    tagIds: tags.slice(0, 3).map(({ id }) => id),
    tagId: tags[0]?.id,
    profileIds: gateway.sandbox
      .accountsOf(full)
      .slice(0, 2)
      .map(({ profileId }) => profileId),
    platforms: ['FACEBOOK', 'INSTAGRAM'],
    period: { from: '2026-06-08', to: '2026-06-14' },
    earlier: { from: '2026-05-11', to: '2026-05-17' },
  };
};
const searches: Record<string, string> = { SearchTags: 'a', FindLocations: 'harbour' };

describe('the catalogue', () => {
  test('has at least ten operations, each with its scopes', () => {
    expect(catalogue.length).toBeGreaterThanOrEqual(10);
    expect(catalogue.find(({ name }) => name === 'LiveReporting')?.scopes).toEqual([
      'socialplanner/statistics.readonly',
      'socialplanner/tag.readonly',
    ]);
  });

  test.each(catalogue.map((entry) => [entry.name, entry] as const))(
    '%s answers without an error and costs no more than it says',
    async (name, { text, worst }) => {
      const given = { ...(await variables()), search: searches[name] };
      const used = Object.fromEntries(Object.entries(given).filter(([variable]) => text.includes(`$${variable}:`)));
      gateway.calls();
      const answer = await gateway.ask(text, used);
      expect(answer.errors).toEqual([]);
      expect(JSON.stringify(answer.data).length).toBeGreaterThan(40);
      const seen = gateway.calls();
      expect(seen.length).toBeLessThanOrEqual(worst.total);
      const { cost } = (JSON.parse(answer.text) as { extensions: { cost: { made: number } } }).extensions;
      expect(cost.made).toBe(seen.length);
    },
  );

  test('together they select every field of the schema', () => {
    const selected = new Set<string>();
    for (const { text } of catalogue) {
      const info = new TypeInfo(schema);
      visit(
        parse(text),
        visitWithTypeInfo(info, {
          Field: () => void selected.add(`${info.getParentType()?.name ?? ''}.${info.getFieldDef()?.name ?? ''}`),
        }),
      );
    }
    const all = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => !name.startsWith('__'))
      .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
    expect(all.filter((field) => !selected.has(field))).toEqual([]);
  });
});
