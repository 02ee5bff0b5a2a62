/** What clients do in their pages, as functions that run there. */
import type { Channel } from '../../src/client/index.js';

declare global {
	/** The channels of a test, by name. */
	var channels: Record<string, Channel>;
	/** What arrived on a channel, by its name. */
	var inboxes: Record<string, string[]>;
	/** How many numbers were sent on a channel, by its name. */
	var counts: Record<string, number>;
	/** Every path that the session has had. */
	var walked: (string | undefined)[];
}

/** Connects to the slave of this name. Options are those of a `MasterConnection`. */
export async function join(name: string, options: object): Promise<void> {
	Object.assign(globalThis, { channels: {}, inboxes: {}, counts: {}, walked: [] });
	globalThis.master = new MasterConnection(undefined, options);
	const found = () => master.slaves.find(({ userData }) => userData === name);
	while (found() === undefined) await next(master, 'slaveadded');
	globalThis.slaveCo = found() as typeof slaveCo;
	(slaveCo as { on(event: string, listener: () => void): unknown }).on('pathchange', () => walked.push(slaveCo.path));
}

/** Opens a channel, and keeps what arrives on it. */
export async function openChannel(name: string, options: object): Promise<void> {
	const channel = await slaveCo.createDataChannel(name, options);
	const inbox: string[] = [];
	channel.on('message', ({ data }) => inbox.push(String(data)));
	channels[name] = channel;
	inboxes[name] = inbox;
}

/** Sends a message on a channel, and waits for its echo. */
export async function echo(name: string, message: string): Promise<boolean> {
	const channel = channels[name] as Channel;
	const echoed = new Promise<boolean>((resolve) => {
		channel.on('message', ({ data }) => {
			if (data === message) resolve(true);
		});
	});
	channel.send(message);
	return echoed;
}

/** Sends the numbers from 0 to `count` - 1, one every `every` ms. The page goes on meanwhile. */
export function sendNumbers(name: string, count: number, every: number): void {
	counts[name] = 0;
	const beat = setInterval(() => {
		const number = counts[name] as number;
		if (number === count) clearInterval(beat);
		else channels[name]?.send(String(number));
		counts[name] = Math.min(count, number + 1);
	}, every);
}

/**
 * Sends `count` messages on each of the channels, one every `every` ms, until all of them have come back on the first, and gives for each
 * channel the times in ms after which they did; those that were lost are missing.
 */
export async function roundTrips(names: string[], count: number, every: number): Promise<number[][]> {
	const took = names.map((): number[] => []);
	const sent: number[] = [];
	await new Promise<void>((resolve) => {
		for (const [index, name] of names.entries()) {
			channels[name]?.on('message', ({ data }) => {
				took[index]?.push(performance.now() - Number(sent[Number(data)]));
				if (took[0]?.length === count) resolve();
			});
		}
		const beat = setInterval(() => {
			const number = sent.push(performance.now()) - 1;
			for (const name of names) channels[name]?.send(String(number));
			if (sent.length < count) return;
			clearInterval(beat);
			walked.push('all sent');
		}, every);
	});
	return took;
}
