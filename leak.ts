import { Master, Slave } from './src/index.js';
import { MasterConnection } from './src/client/node.js';
const [mode='A', n='40'] = process.argv.slice(2);
const master = new Master(0, {limits: {offersPerSecond: 1000, offersAtOnce: 1000} as any}); await master.ready; const url=`ws://localhost:${master.address()!.port}`;
const slave = await new Slave(url, {name:'x'});
slave.on('connection', c=>{ if (mode==='D') c.on('pathchange',()=>c.close()); c.on('datachannel', d=>{ d.on('message', e=>d.send(e.data)); }) });
const client = new MasterConnection(url); await client.ready;
const co = client.slaves[0]!;
for (let i=0;i<Number(n);i++){
  const closed = new Promise(r=>co.once('close', r));
  if (mode==='A') { await co.connect(); co.close(); }
  if (mode==='B') { const d = await co.createDataChannel('x',{early:false}); d.send('x'); co.close(); }
  if (mode==='C') { const d = await co.createDataChannel('x',{early:false}); d.send('x'); await new Promise(r=>d.once('message',r)); d.close(); await new Promise(r=>d.once('close',r)); co.close(); }
  if (mode==='D') { await co.createDataChannel('x',{}); }
  if (mode==='E') { co.connect().catch(()=>{}); await new Promise(r=>setTimeout(r, Math.random()*40)); co.close(); }
  if (mode==='F') { const d = await co.createDataChannel('x',{early:false}); d.send('x'); await new Promise(r=>d.once('message',r)); co.close(); }
  await closed;
}
await new Promise(r=>setTimeout(r,300));
client.close(); slave.close(); await master.close(); console.log(mode, 'done');
