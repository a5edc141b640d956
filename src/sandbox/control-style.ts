/** The control page's style: the system's fonts and colours, light or dark; on a wide screen all panels in view, on a phone one column. */
export const CONTROL_STYLE = `
:root { color-scheme: light dark; --back: light-dark(#fff, #15181d); --soft: light-dark(#f5f6f8, #1e2228);
  --line: light-dark(#d9dce1, #363b44); --edge: light-dark(#868d98, #727a87); --text: light-dark(#1b1e24, #e6e9ee);
  --quiet: light-dark(#5a6270, #a3abb8); --accent: light-dark(#0b57d0, #8ab4ff); --on-accent: light-dark(#fff, #10131a);
  --good: light-dark(#137a3b, #5fd38d); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; padding: 1rem 1.25rem; font: 15px/1.45 system-ui, sans-serif; background: var(--back); color: var(--text); }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0; }
p { margin: .3rem 0; } .quiet, p { color: var(--quiet); } .good { color: var(--good); } .bad { color: var(--bad); }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .75rem; }
.badge { padding: .05rem .6rem; border: 1px solid; border-radius: 1rem; font-size: .8rem; }
main { display: grid; gap: 1rem; grid-template-columns: minmax(0, 3fr) minmax(23rem, 2fr); margin-top: .9rem; }
.side { display: flex; flex-direction: column; gap: 1rem; min-width: 0; }
section { border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; min-width: 0; }
.bar { display: flex; flex-wrap: wrap; gap: .3rem .75rem; align-items: baseline; justify-content: space-between; margin-bottom: .6rem; }
.scroll { overflow: auto; }
#call-count { margin-right: auto; } .at { font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { font-size: .85rem; margin: .5rem 0 0; }
.empty { padding: 1rem; border: 1px dashed var(--line); border-radius: .5rem; margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th { text-align: left; color: var(--quiet); font-weight: 500; position: sticky; top: 0; background: var(--back); }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: .25rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.by { font-weight: 600; overflow-wrap: break-word; min-width: 5rem; max-width: 14rem; } .by.quiet { font-weight: 400; }
.path { overflow-wrap: anywhere; font: .82rem/1.5 ui-monospace, monospace; }
@media (prefers-reduced-motion: no-preference) { #log tr.new { animation: arrived 1.5s; } }
@keyframes arrived { from { background: color-mix(in srgb, var(--accent) 18%, transparent); } }
ul { list-style: none; margin: 0; padding: 0; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; margin-bottom: .6rem; }
.chips button { border-radius: 1rem; padding: .15rem .7rem; font-size: .85rem; }
button[aria-pressed=true] { background: var(--accent); color: var(--on-accent); border-color: transparent; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin-bottom: .6rem; }
label { display: grid; gap: .15rem; font-size: .8rem; color: var(--quiet); flex: 1 1 7rem; min-width: 0; }
input, select, button { font: inherit; font-size: .9rem; min-height: 2rem; padding: .2rem .55rem; border: 1px solid var(--edge);
  border-radius: .4rem; background: var(--back); color: inherit; min-width: 0; max-width: 100%; }
label input, label select { width: 100%; color: var(--text); }
button { cursor: pointer; background: var(--soft); } button:disabled { cursor: default; opacity: .45; }
button.main { background: var(--accent); color: var(--on-accent); border-color: transparent; }
button.link { border-color: transparent; background: none; color: var(--accent); padding: .2rem .35rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.rows { border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.rows form { flex-wrap: nowrap; gap: .25rem; margin: 0; padding: .15rem .1rem; align-items: center; }
.rows input { flex: 1; border-color: transparent; background: none; } .rows input:hover, .rows input:focus { border-color: var(--edge); }
#faults li { display: flex; gap: .75rem; align-items: baseline; justify-content: space-between; border-top: 1px solid var(--line);
  padding: .15rem 0; font-size: .9rem; } #faults span:first-child { flex: 1; overflow-wrap: anywhere; }
#notice { position: fixed; inset: .75rem 1rem auto auto; max-width: 40rem; padding: .5rem 1rem;
  border: 1px solid; border-radius: .5rem; background: var(--back); white-space: pre-line; box-shadow: 0 .2rem 1rem #0004; }
#notice:empty { display: none; }
@media (min-width: 62rem) { main { height: calc(100vh - 6.3rem); min-height: 34rem; } .side { overflow: auto; }
  #calls { display: flex; flex-direction: column; } #calls .scroll { flex: 1; min-height: 0; }
  .side section { flex: none; } .side #tags { flex: 1 1 22rem; min-height: 22rem; display: flex; flex-direction: column; }
  .rows { flex: 0 1 auto; min-height: 0; } }
@media (max-width: 62rem) { main { grid-template-columns: minmax(0, 1fr); } #calls .scroll { max-height: 60vh; } .rows { max-height: 18rem; } }
@media (max-width: 36rem) { body { padding: .75rem; } section { padding: .75rem; } thead { display: none; } table, tbody { display: block; }
  #log tr { display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 0 .75rem; padding: .35rem 0; border-bottom: 1px solid var(--line); }
  #log td { padding: 0; border: 0; } #log .at { display: none; } #log .call { grid-column: 1 / -1; grid-row: 2; } }
`;
