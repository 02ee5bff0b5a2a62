/**
 * One slave of the demo: an arena with a name and a number of places. `start.ts` starts two of them; start more with
 *
 *     npx tsx examples/demo/slave.ts Comet 8
 *
 * and end one with Ctrl-C. MASTER is the URL of the master, ws://localhost:8080 by default.
 */
import { Slave } from 'enslavism';
import { MOST_PLAYERS } from './public/protocol.js';
import { describe, Room, type RoomOptions } from './room.js';
import { clean } from './talk.js';

const [, , name = 'Comet', places = '8', hue] = process.argv;
const options: RoomOptions = {
	name: clean(name, 24) || 'Comet',
	capacity: Math.min(Math.max(Math.trunc(Number(places)) || 1, 1), MOST_PLAYERS),
	hue: hue === undefined ? hueOf(name) : Number(hue) || 0,
};

/** Every name has a colour of its own. */
function hueOf(text: string): number {
	return Array.from(text).reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 360, 7);
}

/** How long players may finish when the slave is told to end, in milliseconds. */
const FINISHING = 3000;

/** How to end, from the first moment on. */
let end = (_reason: string): void => process.exit();
let finish = (): unknown => end('');
const shuttingDown = `${options.name} is shutting down`;
process.on('SIGINT', () => end(shuttingDown));
process.on('SIGTERM', () => finish());
// However start.ts ends, the slaves that it started end with it.
process.once('disconnect', () => end(shuttingDown));

try {
	const slave = await Slave.connect(process.env.MASTER ?? 'ws://localhost:8080', describe(options, 0));
	const room = new Room(slave, options);
	end = (reason) => {
		room.close(reason);
		if (process.connected) process.disconnect();
	};
	finish = () => slave.drain({ deadline: FINISHING }).then(() => end(shuttingDown));
	slave.once('close', () => end('the master is gone'));
	console.log(`${options.name} is ready: ${options.capacity} places`);
} catch (error) {
	console.error(`${options.name} cannot register: ${(error as Error).message}`);
	process.exitCode = 1;
	if (process.connected) process.disconnect();
}
