/** The page's style and script: constants, so that a hash can allow them and nothing else. */

export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--panel:#fff;--ink:#1c2330;--soft:#566175;--line:#dfe3ea;--accent:#1f5fbf;
--good:#17683a;--bad:#a8201a;--warn:#865300;--calm:#44546f}
@media(prefers-color-scheme:dark){:root{--bg:#0f131a;--panel:#171d27;--ink:#e8ecf3;--soft:#a3afc2;--line:#2a3342;
--accent:#8db8ff;--good:#6fd699;--bad:#ff9d94;--warn:#f0bd62;--calm:#a8b6cc}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
a{color:var(--accent)}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem;display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline}
h1{font-size:1.35rem;margin:0}
h2{font-size:1rem;margin:0 0 .75rem;letter-spacing:.01em}
h3{font-size:1rem;margin:0}
p{margin:.25rem 0}
.soft{color:var(--soft)}
.num,time,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em;font-variant-numeric:tabular-nums}
code,td,dd,li,p{overflow-wrap:anywhere}
section{background:var(--panel);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:1rem 0}
dl.dials{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.75rem;margin:0}
dl.dials div{border-left:3px solid var(--line);padding-left:.6rem}
dl.dials dt{color:var(--soft);font-size:.85rem}
dl.dials dd{margin:0;font-size:1.35rem}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.calm{color:var(--calm)}
ul.plain{list-style:none;margin:0;padding:0}
ul.plain>li+li{border-top:1px solid var(--line);margin-top:.85rem;padding-top:.85rem}
.row{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline;justify-content:space-between}
ol.results{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem;margin:.5rem 0 0;padding:0}
ol.results li{border:1px solid currentColor;border-radius:.3rem;min-width:1.7rem;text-align:center;
font:600 .85rem/1.6rem ui-monospace,Menlo,Consolas,monospace}
.hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
footer{padding-bottom:2rem;color:var(--soft);font-size:.9rem}
.banner{border-left:4px solid var(--bad)}
`;

export const SCRIPT = `
setInterval(()=>{if(document.visibilityState==="visible")location.reload()},30000);
`;
