import { simulate } from './dist/bench/simulator/simulation.js';
import { base, backendsOf, steady } from './dist/bench/simulator/scenarios/scenario.js';
import { slowed } from './dist/bench/simulator/latency.js';
const show=(tag,f)=>console.log(tag.padEnd(50), `mean ${f.meanMs.toFixed(1)} p50 ${f.p50Ms.toFixed(1)} p99 ${f.p99Ms.toFixed(1)} p999 ${f.p999Ms.toFixed(1)} avoid ${(100*f.avoidableWaits).toFixed(1)} failed ${(100*f.failed).toFixed(2)} goodput ${f.goodput.toFixed(0)}`);
for (const load of [0.9,2]) for (const patienceMs of [1000,5000]) for (const policy of ['two-choices','least-connections','peak-ewma','maglev','round-robin']) for (const max of [0,8,16]) for (const workers of [4])
  show(`${load} patience ${patienceMs} ${policy} x${workers} max ${max}`, simulate({...base,policy,workers,patienceMs,backends:backendsOf(()=>({config:{maxConnections:max}})),arrivals:steady(load),lengthMs:32000},1));
console.log('drift with maxConnections, 10 backends');
for (const servers of [1,8]) for (const max of [0,servers,servers*2]) for (const policy of ['two-choices','least-connections','peak-ewma']) for (const workers of [1,8,32])
  show(`s${servers} ${policy} x${workers} max ${max}`, simulate({...base,policy,workers,backends:backendsOf(()=>({servers,config:{maxConnections:max}}),10),arrivals:[{fromMs:0,perSecond:0.9*1000*servers}],lengthMs:32000},1));
