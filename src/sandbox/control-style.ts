/** The control page's style: the system's fonts and colours, light or dark, one column on a phone. */
export const CONTROL_STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d9dce1, #3a3f47); --soft: light-dark(#f5f6f8, #22262c);
  --quiet: light-dark(#5c6470, #a3abb8); --accent: light-dark(#0b5fff, #7aa7ff); --good: light-dark(#137a3b, #5fd38d);
  --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1rem; font: 15px/1.45 system-ui, sans-serif;
  background: light-dark(#fff, #171a1f); color: light-dark(#1b1e24, #e6e9ee); }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0; }
p { margin: .3rem 0; color: var(--quiet); }
main { display: grid; gap: 1rem; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); margin-top: 1rem; }
section { border: 1px solid var(--line); border-radius: .6rem; padding: .9rem; min-width: 0; }
#calls { grid-row: span 2; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; justify-content: space-between; margin-bottom: .6rem; }
.scroll { overflow: auto; max-height: 70vh; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th { text-align: left; color: var(--quiet); font-weight: 500; position: sticky; top: 0; background: light-dark(#fff, #171a1f); }
th, td { padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.path { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .8rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 .6rem; padding: 0; list-style: none; }
.chips li { background: var(--soft); border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .6rem; font-size: .82rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin-bottom: .6rem; }
label { display: grid; gap: .15rem; font-size: .8rem; color: var(--quiet); flex: 1 1 8rem; min-width: 0; }
label[hidden] { display: none; }
input, select, button { font: inherit; padding: .35rem .5rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--soft); color: inherit; min-width: 0; max-width: 100%; }
button { cursor: pointer; } button.main { background: var(--accent); color: light-dark(#fff, #10131a); border-color: transparent; }
button.link { border: 0; background: none; color: var(--accent); padding: 0 .3rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#notice { min-height: 1.4em; color: var(--bad); }
@media (max-width: 60rem) { main { grid-template-columns: minmax(0, 1fr); } #calls { grid-row: auto; } .scroll { max-height: 50vh; } }
@media (max-width: 34rem) { .wide { display: none; } }
`;
