/**
 * A bot that plays in the demo, from Node, with the same objects that a page uses. Start the demo, and then
 *
 *     npx tsx examples/bot/bot.ts Marvin Aurora 120
 *
 * with the name of the bot, the name of the slave and a colour in degrees. MASTER is the URL of the master, ws://localhost:8080 by default.
 */
import { MasterConnection, type SlaveConnection } from 'enslavism/client';
import {
	decodeSnapshot,
	direction,
	encodeInputs,
	MOVES,
	type Place,
	type SlaveSays,
	TALK,
	TICK_MS,
} from '../demo/public/protocol.js';

const [, , name = 'Marvin', wanted = 'Aurora', hue = Math.floor(Math.random() * 360)] = process.argv;
const master = new MasterConnection(process.env.MASTER ?? 'ws://localhost:8080');
let playing = false;

master.on('slaveadded', (slave) => {
	const { name: its } = slave.userData as { name?: string };
	if (playing || its !== wanted) return;
	playing = true;
	play(slave).catch((error: Error) => leave(error.message));
});
master.once('close', (error) => console.log(error.message));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leave(`${name} leaves`));

async function play(slave: SlaveConnection): Promise<void> {
	const [talk, moves] = await Promise.all([
		slave.createDataChannel(TALK.name, TALK.options),
		slave.createDataChannel(MOVES.name, MOVES.options),
	]);
	let you = -1;
	let sparks: Place[] = [];
	let here: Place = { x: 0, y: 0 };
	talk.on('message', ({ data }) => {
		const said = JSON.parse(String(data)) as SlaveSays;
		if (said.t === 'welcome') ({ you, sparks } = said);
		else if (said.t === 'spark') sparks[said.spark] = said;
		else if (said.t === 'joined') talk.send(JSON.stringify({ t: 'chat', text: `Hello ${said.player.name}` }));
	});
	moves.on('message', ({ data }) => {
		here = decodeSnapshot(data)?.bodies.get(you) ?? here;
	});
	talk.send(JSON.stringify({ t: 'hello', name, hue: Number(hue) }));

	let first = 1;
	const timer = setInterval(() => {
		if (moves.readyState === 'open') moves.send(encodeInputs({ first: first++, directions: [towards(here, sparks)] }));
	}, TICK_MS);
	slave.once('close', ({ message }) => {
		clearInterval(timer);
		leave(message);
	});
	console.log(`${name} plays in ${wanted}`);
}

/** Every bot likes other sparks, so that they do not all run after the same. */
const DISLIKE = Array.from({ length: 64 }, () => Math.random() * 600);

/** Straight to the nearest spark that it likes, a little lazily. */
function towards(here: Place, sparks: Place[]): { dx: number; dy: number } {
	const distance = ({ x, y }: Place): number => Math.hypot(x - here.x, y - here.y);
	const costs = sparks.map((spark, n) => distance(spark) + (DISLIKE[n] ?? 0));
	const nearest = sparks[costs.indexOf(Math.min(...costs))] ?? here;
	const far = Math.max(distance(nearest), 40);
	return direction((0.75 * (nearest.x - here.x)) / far, (0.75 * (nearest.y - here.y)) / far);
}

function leave(why: string): void {
	console.log(why);
	master.close();
}
