/** The whole style of a report. Colours of bars keep apart also for the colour-blind, in both schemes. */
export const STYLE = `
:root { color-scheme: light dark; --page: #f5f6f8; --card: #fff; --ink: #1b2330; --soft: #5b6676; --line: #e1e5ea;
	--tone-1: #2f6fde; --tone-good: #1f9d72; --tone-bad: #d5483f; --tone-open: #8a94a3; --tone-busy: #e0a020; --tone-off: #c3a6c9; }
@media (prefers-color-scheme: dark) { :root { --page: #11151b; --card: #1a2029; --ink: #e8ecf1; --soft: #9aa6b5; --line: #2c3541;
	--tone-1: #6d9ff5; --tone-good: #45c496; --tone-bad: #f0766d; --tone-open: #7f8b9b; --tone-busy: #f0bd55; --tone-off: #8d6f96; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 880px; margin: 0 auto; padding: 40px 20px 56px; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 14px; font-size: 18px; overflow-wrap: anywhere; }
p { margin: 0 0 14px; color: var(--soft); }
header p { margin: 6px 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin: 26px 0; padding: 0; list-style: none; }
.figures li, section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.figures li { padding: 14px 18px; }
.figures b { display: block; font-size: 25px; line-height: 1.25; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.figures span { color: var(--soft); font-size: 13px; }
section { margin: 0 0 20px; padding: 22px; }
.chart { margin: 0 0 18px; }
.chart > svg { display: block; width: 100%; height: auto; font-size: 13px; font-variant-numeric: tabular-nums; }
figcaption { margin-bottom: 8px; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 10px; padding: 0; list-style: none; color: var(--soft); font-size: 13px; }
.legend svg { width: 10px; height: 10px; margin-right: 7px; }
.grid { stroke: var(--line); } .zero { stroke: var(--soft); }
.tick, .axis { fill: var(--soft); } .label, .value { fill: var(--ink); } .value { font-weight: 600; }
.tone-1 { fill: var(--tone-1); } .tone-good { fill: var(--tone-good); } .tone-bad { fill: var(--tone-bad); }
.tone-open { fill: var(--tone-open); } .tone-busy { fill: var(--tone-busy); } .tone-off { fill: var(--tone-off); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th, td { padding: 8px 12px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td:last-child { overflow-wrap: anywhere; }
th { color: var(--soft); font-size: 13px; font-weight: 600; white-space: nowrap; }
td { min-width: 70px; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
footer { color: var(--soft); font-size: 13px; }
@media print { body { background: none; } main { padding: 0; } section { break-inside: avoid; } }
`
