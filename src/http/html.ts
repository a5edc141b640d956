import { createHash } from 'node:crypto';

/** Text for a place in HTML, inside an element or a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** The style of our pages: the system's fonts, light or dark as the system is, one column on a phone. */
export const pageStyle = `
:root { color-scheme: light dark; --back: light-dark(#fff, #15181d); --soft: light-dark(#f5f6f8, #1e2228);
  --line: light-dark(#d9dce1, #363b44); --text: light-dark(#1b1e24, #e6e9ee); --quiet: light-dark(#5a6270, #a3abb8);
  --accent: light-dark(#0b57d0, #8ab4ff); --mark: light-dark(#8a5300, #ffc46b); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2.5rem 1.25rem 4rem; font: 16px/1.55 system-ui, sans-serif;
  background: var(--back); color: var(--text); }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
p { margin: .5rem 0; } .quiet { color: var(--quiet); }
a { color: var(--accent); } code, pre { font: .85rem/1.55 ui-monospace, monospace; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .9rem; }
.mode { padding: .1rem .7rem; border: 1px solid; border-radius: 1rem; font-size: .85rem; color: var(--mark); }
.mode.live { color: var(--quiet); }
pre { margin: .5rem 0; padding: .9rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--soft);
  white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.25rem; margin: .5rem 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; } dd .quiet { display: block; font-size: .9rem; }
.links dt { color: inherit; font-weight: 600; } .links { gap: .8rem 1.25rem; }
details { border-top: 1px solid var(--line); } details:last-of-type { border-bottom: 1px solid var(--line); }
summary { display: grid; grid-template-columns: 14.5rem minmax(0, 1fr) max-content; gap: 0 1.25rem; padding: .6rem .4rem;
  cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover, details[open] > summary { background: var(--soft); }
summary b { white-space: nowrap; }
summary b::before { content: "+"; display: inline-block; width: 1.2rem; color: var(--quiet); font-weight: 400; }
details[open] > summary b::before { content: "–"; }
summary .cost { color: var(--quiet); font-size: .9rem; white-space: nowrap; }
.entry { padding: .2rem .4rem 1rem 1.6rem; }
@media (max-width: 44rem) {
  body { padding-top: 1.5rem; } dl { grid-template-columns: minmax(0, 1fr); gap: 0; } .links { gap: 0; }
  dd { margin-bottom: .7rem; } summary { grid-template-columns: minmax(0, 1fr) max-content; }
  summary .action { grid-column: 1 / -1; grid-row: 2; padding-left: 1.2rem; color: var(--quiet); } .entry { padding-left: .4rem; }
}
`;

/** A whole page without scripts. `title` is text, `body` is HTML. */
export const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
  `<title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><style>${pageStyle}</style></head><body>${body}</body></html>`;

/** The content security policy of a page that only has the style above, known by its digest: markup that slipped in could not even style. */
export const pagePolicy = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'style-src': [`'sha256-${createHash('sha256').update(pageStyle).digest('base64')}'`],
    'img-src': ['data:'], // the empty icon, which keeps browsers from asking for one
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  },
};
