import { createHash } from 'node:crypto';

/** The consent page's style: the system's fonts and colours, light or dark, one narrow column. */
export const CONSENT_STYLE = `
:root { color-scheme: light dark; --back: light-dark(#f5f6f8, #15181d); --card: light-dark(#fff, #1e2228);
  --line: light-dark(#d9dce1, #363b44); --edge: light-dark(#868d98, #727a87); --text: light-dark(#1b1e24, #e6e9ee);
  --quiet: light-dark(#5a6270, #a3abb8); --accent: light-dark(#0b57d0, #8ab4ff); --on-accent: light-dark(#fff, #10131a); }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; font: 16px/1.5 system-ui, sans-serif; background: var(--back); color: var(--text); }
main { max-width: 36rem; margin: 0 auto; padding: 1.5rem 1.75rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); }
h1 { margin: .1rem 0 .5rem; font-size: 1.4rem; line-height: 1.25; } p { margin: .4rem 0; }
.quiet, small { color: var(--quiet); } small { font-size: .85rem; } code { font: .85rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
fieldset { margin: 1.25rem 0 0; padding: 0; border: 0; min-width: 0; } legend { padding: 0; font-weight: 600; }
.list { margin-top: .5rem; border: 1px solid var(--line); border-radius: .5rem; } .scroll { max-height: 21rem; overflow: auto; }
label { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .75rem; align-items: baseline; padding: .55rem .8rem; cursor: pointer; }
label + label { border-top: 1px solid var(--line); } label:hover { background: var(--back); }
label small { grid-column: 2; overflow-wrap: anywhere; } input { margin: 0; accent-color: var(--accent); }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { font: inherit; min-height: 2.6rem; padding: .3rem 1.4rem; border: 1px solid var(--edge); border-radius: .45rem;
  background: none; color: inherit; cursor: pointer; }
button.main { border-color: transparent; background: var(--accent); color: var(--on-accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; } label:has(:focus-visible) { background: var(--back); }
.list :focus-visible { outline-offset: 1px; }
@media (max-width: 30rem) { body { padding: 0; } main { border: 0; border-radius: 0; min-height: 100vh; padding: 1.25rem 1rem; } .actions button { flex: 1; } }
`;

/** What the page's policy lets style it, by digest: markup that slipped in could not even style. */
export const CONSENT_STYLE_SOURCE = `'sha256-${createHash('sha256').update(CONSENT_STYLE).digest('base64')}'`;
