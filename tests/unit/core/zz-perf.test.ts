import { test } from "vitest";
import { simulate } from "/work/main/src/core/simulate.js";
import { planShares } from "/work/main/src/core/shares.js";
test("perf", () => {
  for (const quantumMs of [100, 0.5]) for (const noise of [0,0.2]) {
    const workers = Array.from({length:1000},(_, i)=>({id:`w${i}`,msPerItem:1+ (i%7)*0.5, overheadMs: (i%3), noise}));
    const t=performance.now();
    const r=simulate({itemCount:1e6,workers,options:{quantumMs}});
    const ms = performance.now()-t;
    console.log(quantumMs,noise,ms|0,'ms',r.phase,r.attemptCount,r.eventCount,(ms*1000/r.eventCount).toFixed(2),'us/event',r.makespanMs,r.optimumMs);
  }
  let s=1; const rnd=()=>{s=(s*1103515245+12345)%2147483648; return s/2147483648};
  const costs=Array.from({length:10000},()=>({overheadMs:rnd()*50,msPerItem:0.1+rnd()*10}));
  const ts=[]; for(let i=0;i<30;i++){const t=performance.now();planShares(1e6,costs);ts.push(performance.now()-t)}
  console.log(ts.map(x=>x.toFixed(2)).join(' '));
}, 120000);
