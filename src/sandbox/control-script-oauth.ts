/** Grants and installations: a button each for what an administrator or the vendor may do to them. */
export const OAUTH_SCRIPT = String.raw`
const COMPANY = 'company';
let oauth = null;
const chosenLocation = () => oauth.locations.find(({ id }) => id === byId('holder').value);
const fitHolder = () => {
  const location = chosenLocation();
  byId('install').disabled = location === undefined;
  byId('install').textContent = location && location.isInstalled ? 'Uninstall' : 'Install';
};
const showOauth = (state) => {
  oauth = { ...state, locations: state.locations.filter(({ isOtherTenant }) => !isOtherTenant) };
  fill(byId('holder'), [node('option', { value: COMPANY, textContent: 'the agency itself' }), ...oauth.locations.map(choice)]);
  byId('reconnect').setAttribute('aria-pressed', String(!state.isReconnectAllowed));
  const count = state.spentRefreshTokensPresented;
  byId('spent').textContent = count === 0 ? '' : counted(count, 'spent refresh token') + ' presented';
  fitHolder();
};
const readOauth = async () => showOauth(await ask('/state'));
byId('holder').onchange = fitHolder;
byId('revoke').onclick = act(async () => {
  const location = chosenLocation();
  await ask('/revoke-grants', 'POST', location ? { locationId: location.id } : { companyId: oauth.companyId });
  await readOauth();
  say('Revoked: its access and refresh tokens are refused from now on.');
});
byId('install').onclick = act(async () => {
  const { id, isInstalled } = chosenLocation();
  await ask(isInstalled ? '/uninstall' : '/install', 'POST', { locationId: id });
  await load();
  say(isInstalled ? 'Uninstalled: its tokens are refused, and it gets no new ones.' : 'Installed: it may get tokens.');
});
byId('reconnect').onclick = act(async () => {
  const { isAllowed } = await ask('/reconnect', 'PATCH', { isAllowed: !oauth.isReconnectAllowed });
  await readOauth();
  say(isAllowed ? 'Reconnect gives codes again.' : 'Reconnect is refused: a lost grant needs consent again.');
});
byId('oauth-form').onsubmit = (event) => event.preventDefault();
`;
