import type { Channel, ClientConnection } from '../../src/index.js';

/** How often a game sends its next number, in milliseconds. */
const BEAT_MS = 5;

/**
 * What a game server of the test network does. A channel called "numbers" is sent back what it counts: "go N" makes
 * the server send the numbers from 0 to N - 1, one a beat, and "report" makes it send all numbers that it received, as
 * JSON. Everything else is echoed.
 */
export function play(client: ClientConnection): void {
	client.on('datachannel', (channel) => {
		if (channel.label.startsWith('numbers')) count(channel);
		else channel.on('message', ({ data }) => channel.send(data));
	});
}

function count(channel: Channel): void {
	const received: number[] = [];
	let beat: NodeJS.Timeout | undefined;
	channel.on('close', () => clearInterval(beat));
	channel.on('message', ({ data }) => {
		const [word, argument] = String(data).split(' ');
		if (word === 'go') {
			let next = 0;
			beat = setInterval(() => {
				if (next === Number(argument)) clearInterval(beat);
				else channel.send(String(next++));
			}, BEAT_MS);
		} else if (word === 'report') channel.send(JSON.stringify(received));
		else received.push(Number(word));
	});
}
