/** The list of tags: one form for each, so that Enter in a name renames it. */
export const TAGS_SCRIPT = String.raw`
const TAG_PAGE = 50;
let skip = 0;
let tagQuestions = 0;
const tagPath = (id) => '/tags/' + byId('location').value + '/' + id;
const button = (props, label) => {
  const made = node('button', props);
  made.setAttribute('aria-label', label);
  return made;
};
const tagRow = (tag) => {
  const input = node('input', { value: tag.name, maxLength: 200, dir: 'auto', required: true, autocomplete: 'off' });
  const name = () => 'the tag ' + tag.name;
  const rename = button({ type: 'submit', className: 'link', textContent: 'Rename', disabled: true }, 'Rename ' + name());
  const remove = button({ type: 'button', className: 'link', textContent: 'Delete' }, 'Delete ' + name());
  const path = tagPath(tag.id);
  input.setAttribute('aria-label', 'Name of ' + name());
  input.oninput = () => { rename.disabled = input.value.trim() === tag.name; };
  remove.onclick = act(async () => {
    await ask(path, 'DELETE');
    say('Deleted ' + name());
    await showTags();
    byId('new-tag').focus();
  });
  const save = act(async () => {
    if (rename.disabled) return;
    tag = await ask(path, 'PATCH', { name: input.value });
    input.value = tag.name;
    rename.disabled = true;
    input.focus();
    say('Renamed to ' + tag.name);
  });
  return node('li', {}, node('form', { onsubmit: save }, input, rename, remove));
};
const showTags = async () => {
  tagQuestions += 1;
  const question = tagQuestions;
  const query = new URLSearchParams({ searchText: byId('search').value, skip });
  const { count, tags } = await ask('/tags/' + byId('location').value + '?' + query);
  if (question !== tagQuestions) return count; // an answer that came too late
  byId('tag-rows').replaceChildren(...tags.map(tagRow));
  byId('tag-rows').hidden = tags.length === 0;
  byId('no-tags').hidden = tags.length > 0;
  byId('no-tags').textContent = byId('search').value === '' ? 'This location has no tag: add one above.' : 'No tag holds that text.';
  byId('tag-count').textContent = tags.length === 0 ? '' : (skip + 1) + '–' + (skip + tags.length) + ' of ' + count;
  byId('tag-pages').hidden = count <= TAG_PAGE;
  byId('earlier').disabled = skip === 0;
  byId('later').disabled = skip + tags.length >= count;
  return count;
};
const fromStart = act(async () => { skip = 0; await showTags(); });
const turn = (by) => act(async () => {
  skip = Math.max(0, skip + by);
  await showTags();
  byId('tag-rows').scrollTop = 0;
});
byId('location').onchange = fromStart;
byId('search').oninput = fromStart;
byId('search-form').onsubmit = fromStart;
byId('earlier').onclick = turn(-TAG_PAGE);
byId('later').onclick = turn(TAG_PAGE);
byId('tag-form').onsubmit = act(async () => {
  const { name } = await ask('/tags', 'POST', { locationId: byId('location').value, name: byId('new-tag').value });
  byId('new-tag').value = '';
  byId('search').value = '';
  skip = 0;
  const count = await showTags();
  if (count > TAG_PAGE) { skip = Math.floor((count - 1) / TAG_PAGE) * TAG_PAGE; await showTags(); } // new ones come last
  byId('tag-rows').scrollTop = byId('tag-rows').scrollHeight;
  say('Added the tag ' + name);
});
`;
