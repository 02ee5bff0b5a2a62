/**
 * Sends the same numbered messages on every channel that a client opens, 50 a second: see client.ts.
 *
 *     npx tsx examples/minimal/master.ts
 *     npx tsx examples/unreliable/slave.ts
 *
 * MASTER is the URL of the master, ws://localhost:8081 by default.
 */
import { type Channel, Slave } from 'enslavism';

const slave = await new Slave(process.env.MASTER ?? 'ws://localhost:8081', { name: 'metronome' });
console.log('Registered');

slave.on('connection', (client) => {
	const channels = new Set<Channel>();
	let n = 0;
	const timer = setInterval(() => {
		n++;
		for (const channel of channels) channel.send(JSON.stringify({ n, at: Date.now() }));
	}, 20);
	client.on('datachannel', (channel) => {
		channel.on('open', () => channels.add(channel));
		channel.on('close', () => channels.delete(channel));
	});
	client.on('close', () => clearInterval(timer));
});

process.once('SIGINT', () => slave.close());
// Before an update: nobody new comes, and those who play may finish.
process.once('SIGTERM', async () => {
	await slave.drain({ deadline: 10_000 });
	slave.close('the slave is being updated');
});
