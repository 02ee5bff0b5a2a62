/**
 * A slave that shows its key to the master, and is shown who its clients are. It never sees their cookies.
 *
 *     npx tsx examples/auth/slave.ts
 *
 * MASTER is the URL of the master, ws://localhost:8081 by default; SLAVE_KEY the key that it expects.
 */
import { type ClientInfo, type EnslavismError, Slave } from 'enslavism';

const BANNED = new Set(['Mallory']);

/** The identity that the master's `clientauth` listener returned. */
const nameOf = ({ auth }: ClientInfo): string => (auth as { name: string }).name;

try {
	const slave = await new Slave(
		process.env.MASTER ?? 'ws://localhost:8081',
		{ name: 'members only' },
		{ name: 'example operator', key: process.env.SLAVE_KEY ?? 'a key for the example' },
	);
	console.log('Registered');

	slave.on('offer', (reject, { client }) => {
		if (BANNED.has(nameOf(client))) reject(`${nameOf(client)} is not welcome here`);
	});
	slave.on('connection', (client) => {
		console.log(`${nameOf(client)} has come`);
		client.on('datachannel', (channel) => channel.on('open', () => channel.send(`Hello ${nameOf(client)}`)));
		client.on('close', () => console.log(`${nameOf(client)} has gone`));
	});
	process.once('SIGINT', () => slave.close());
	// Before an update: nobody new comes, and those who play may finish.
	process.once('SIGTERM', async () => {
		await slave.drain({ deadline: 10_000 });
		slave.close('the slave is being updated');
	});
} catch (error) {
	const { code, message } = error as EnslavismError;
	console.error(`Not registered: ${message} (${code})`);
	process.exitCode = 1;
}
