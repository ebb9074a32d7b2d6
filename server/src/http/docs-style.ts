/** The look of `/docs`: the colours, and where it is built the font, of the page at `/`. */
export const docsStyle = (font: string | undefined): string => `${font === undefined ? '' : fontFace(font)}
:root { color-scheme: light dark; --ground: #eff3f2; --surface: #fff; --sunken: #eef2f1; --line: #dbe3e0; --ink: #14201c;
  --dim: #51605b; --accent: #0f766e }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0c1110; --surface: #161d1b; --sunken: #222b29; --line: #2c3734; --ink: #e9f0ed; --dim: #a3b3ad;
    --accent: #4fd8c6 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: .9375rem/1.5 "Inter", system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: 2rem clamp(1rem, 2.4vw, 2rem) 5rem }
.top { display: flex; align-items: center; gap: 1.1rem; height: 60px; padding: 0 clamp(1rem, 2.4vw, 2rem);
  border-bottom: 1px solid var(--line); background: var(--surface) }
.brand { color: inherit; font-size: 1.1rem; font-weight: 700; letter-spacing: -.02em; text-decoration: none }
.top a:last-child { margin-left: auto; padding: .5rem .2rem; font-weight: 600; text-decoration: none }
h1 { margin: 0; font-size: 1.6rem; letter-spacing: -.02em }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.15rem; letter-spacing: -.01em }
h3 { margin: 1.25rem 0 .4rem; font-size: .84rem; color: var(--dim) }
p { margin: .5rem 0 } a { color: var(--accent) } nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: 1rem }
code, pre { font: .85em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace }
pre { margin: 0; padding: .7rem 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--sunken);
  overflow-x: auto }
pre code { font-size: .84rem }
details { border: 1px solid var(--line); border-radius: 12px; margin: .5rem 0; background: var(--surface) }
details > div { scroll-margin-top: 3.5rem; padding: .25rem 1rem 1rem; border-top: 1px solid var(--line) }
summary { cursor: pointer; padding: .6rem 1rem; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline }
:focus-visible { outline: 2.5px solid var(--accent); outline-offset: 2px; border-radius: 12px }
.verb { min-width: 4.2rem; font-weight: 700; color: var(--accent) }
.title { margin-left: auto; color: var(--dim) }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
tr:last-child > td { border-bottom: 0 }
td:first-child { width: 13rem } .dim { color: var(--dim) }
.short td:first-child { width: 4.5rem } td:nth-child(2):not(:last-child) { width: 9rem }
@media (max-width: 45rem) {
  main { padding-top: 1.25rem }
  .title { margin-left: 0; width: 100% }
  table, tbody, tr, td { display: block }
  td, td:first-child, .short td:first-child { width: auto; padding: 0; border: 0 }
  td:nth-child(2):not(:last-child) { display: inline; padding-right: .5rem } td:nth-child(3) { display: inline }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line) }
  tr:last-child { border-bottom: 0 }
  td table { margin-top: .25rem; padding-left: .75rem; border-left: 2px solid var(--line) }
}
`

const fontFace = (address: string): string =>
  `@font-face { font-family: "Inter"; font-weight: 100 900; font-display: swap; src: url("${address}") format("woff2") }`
