import { MasterConnection } from '../src/client/node.js';
import { Master, Slave } from '../src/index.js';
import { nodePlatform } from '../src/peer/node/index.js';
import { createNodeAnswerer } from '../src/peer/node/rtc.js';
import { slaveFor } from '../src/slave/public.js';
import { MasterToSlave, readMessage } from '../src/wire/index.js';

const S = process.env.MUX
	? slaveFor({ ...nodePlatform, createPeer: createNodeAnswerer }, (text) => readMessage(MasterToSlave, text))
	: Slave;
const m = new Master(0);
await m.ready;
const url = `ws://localhost:${m.address()!.port}`;
await S.connect(url, {});
const mc = new MasterConnection(url);
await mc.ready;
const s = mc.slaves[0] ?? (await new Promise<any>((r) => mc.once('slaveadded', r)));
for (let i = 0; i < 60; i++) {
	const t = performance.now();
	try {
		await s.createDataChannel('x');
	} catch (e) {
		console.log(String(e));
	}
	process.stdout.write((performance.now() - t).toFixed(0) + ' ');
	const c = new Promise((r) => s.once('close', r));
	if (s.state === 'open') {
		s.close();
		await c;
	}
}
process.exit();
