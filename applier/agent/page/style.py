"""How the status page looks: one style sheet inside of it, light and dark, readable from 320 pixels of width on."""

from __future__ import annotations

SHEET = """
:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--quiet:#57606a;--line:#d0d7de;--card:#f6f8fa;--link:#0550ae;
--failing:#b3261e;--working:#0a5ec2;--waiting:#8a4b00;--suspended:#57606a;--ready:#116329}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--text:#e6edf3;--quiet:#9aa4b0;--line:#3d444d;--card:#161b22;--link:#79b8ff;
--failing:#ff8f87;--working:#79b8ff;--waiting:#f0b45a;--suspended:#a4adb8;--ready:#6ad483}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
h1{font-size:1.5rem;margin:1rem 0 .25rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}h3 .quiet{font-weight:400}
a{color:var(--link)}a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--page);padding:.5rem}
.counts{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.5rem 0;padding:0;font-weight:600}
.quiet,footer{color:var(--quiet)}footer{padding-bottom:2rem;font-size:.875rem}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem;background:var(--card)}
svg{display:block;font:600 14px system-ui,sans-serif}
svg rect{fill:var(--page);stroke:currentColor;stroke-width:2}svg text{fill:var(--text)}svg .below{fill:currentColor;font-size:12px}
svg a{text-decoration:none}svg a:focus-visible rect{stroke-width:5}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,30rem),1fr));gap:.75rem;align-items:start}
.lines{fill:none;stroke:var(--quiet);stroke-width:1.5}.lines .source{stroke-dasharray:4 4}.lines .cycle{stroke:var(--failing)}
marker path{fill:var(--quiet);stroke:none}
article{min-width:0;border:1px solid var(--line);border-left:.4rem solid currentColor;border-radius:.4rem;background:var(--card);
padding:.6rem .9rem}
article>*{color:var(--text)}article .state{color:inherit;font-weight:600;margin:0}
article:target{outline:3px solid var(--link)}
.failing{color:var(--failing)}.working{color:var(--working)}.waiting{color:var(--waiting)}.suspended{color:var(--suspended)}
.ready{color:var(--ready)}
p{margin:.35rem 0}.message{white-space:pre-wrap;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem;margin:.5rem 0}dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere;min-width:0}
details{margin:.35rem 0}summary{cursor:pointer;padding:.25rem 0}ul{margin:.25rem 0;padding-left:1.25rem}li{overflow-wrap:anywhere}
pre{margin:.25rem 0;padding:.4rem .6rem;overflow-x:auto;border:1px solid var(--line);border-radius:.3rem;background:var(--page);
font:.8125rem/1.45 ui-monospace,monospace}pre:focus-visible{outline:3px solid var(--link)}
@media(max-width:20rem){dl{grid-template-columns:1fr}dt{margin-top:.35rem}}
"""
