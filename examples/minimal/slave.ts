/**
 * The smallest slave: greets every client on each of its data channels, and sends back what it hears.
 *
 *     npx tsx examples/minimal/slave.ts
 *
 * MASTER is the URL of the master, ws://localhost:8081 by default.
 */
import { Slave } from 'enslavism';

const slave = await new Slave(process.env.MASTER ?? 'ws://localhost:8081', { name: 'my slave server' });
console.log('Registered with the master as', slave.id);

slave.on('connection', (client) => {
	console.log('Client connected:', client.id);
	client.on('datachannel', (channel) => {
		channel.on('open', () => channel.send('hallo welt'));
		channel.on('message', ({ data }) => channel.send(data));
	});
	client.on('close', () => console.log('Client gone:', client.id));
});

process.once('SIGINT', () => slave.close());
// Before an update: nobody new comes, and those who play may finish.
process.once('SIGTERM', async () => {
	await slave.drain({ deadline: 10_000 });
	slave.close('the slave is being updated');
});
