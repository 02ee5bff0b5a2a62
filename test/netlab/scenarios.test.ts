/** Sessions of real browsers and Node programs in networks of every kind. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ClientActor, MasterActor, SlaveActor } from './actor.js';
import { EVERYTHING, type Host, whyNoNetlab } from './netlab.js';
import { echo, join, openChannel, roundTrips, sendNumbers } from './pages.js';
import { openWorld, ROAD_MS, type World } from './world.js';

interface Stage {
	world: World;
	client: ClientActor;
	/** The host of the client. */
	host: Host;
	/** Says something beside the result. */
	note(text: string): void;
}

interface Scenario {
	title: string;
	play(stage: Stage): Promise<void>;
}

const UNRELIABLE = { ordered: false, maxRetransmits: 0 };

/** A client meets a slave and they talk over WebRTC. */
async function talkOverRtc({ client, world }: Stage, slave = 'open', options: object = {}): Promise<void> {
	await client.visit(world.master.url);
	await client.run(join, slave, options);
	await client.run(openChannel, 'chat', {});
	await client.wait(() => slaveCo.path === 'rtc');
	assert.equal(await client.run(echo, 'chat', 'over rtc'), true);
}

/** A client meets a slave where UDP does not get through, and they talk over the relay. */
async function talkOverRelay({ client, world, host }: Stage): Promise<void> {
	await host.blockUdp(true);
	await client.visit(world.master.url);
	await client.run(join, 'open', {});
	await client.run(openChannel, 'chat', {});
	assert.equal(await client.run(echo, 'chat', 'over the relay'), true);
	assert.equal(await client.run(() => slaveCo.path), 'relay');
}

const whole = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

const quantile = (values: number[], q: number): number =>
	[...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

/** How long a session without UDP is watched: longer than it may take WebRTC to be given up. */
const STAYS_MS = 12_000;

const GAME_NUMBERS = 1000;
const GAME_BEAT_MS = 5;

/** Until all messages have arrived after a cut, in milliseconds, however busy the machine: ICE alone needs longer. The notes tell the time. */
const FAILOVER_MS = 25_000;

const LOSSY_MESSAGES = 300;
const LOSSY_BEAT_MS = 50;
const LOSSY_ROAD_MS = 390;

const SCENARIOS: Scenario[] = [
	{ title: 'an open network: the session is on UDP', play: talkOverRtc },
	{
		title: 'a client behind NAT: the session is on UDP',
		play: async (stage) => {
			await stage.host.nat('cone');
			await talkOverRtc(stage);
		},
	},
	{
		title: 'a client behind symmetric NAT: the session is on UDP',
		play: async (stage) => {
			await stage.host.nat('symmetric');
			await talkOverRtc(stage);
		},
	},
	{
		title: 'a slave behind a mapped port with a public address: the session is on UDP',
		play: async (stage) => {
			// The slave cannot reach the client first, so the mapped port is the only way.
			await stage.host.nat('symmetric');
			await talkOverRtc(stage, 'mapped');
		},
	},
	{
		title: '5 % loss: unreliable messages do not wait for lost ones, reliable ones do',
		play: async ({ world, client, host, note }) => {
			// A longer road, so that what the machine does meanwhile weighs less.
			const rtt = 2 * (ROAD_MS + LOSSY_ROAD_MS);
			await host.road({ delay: LOSSY_ROAD_MS });
			await talkOverRtc({ world, client, host, note });
			await client.run(openChannel, 'reliable', {});
			await client.run(openChannel, 'unreliable', UNRELIABLE);
			const channels = ['reliable', 'unreliable'];
			// A channel has its own stream after a round trip; until then what it sends is reliable.
			for (const name of channels) assert.equal(await client.run(echo, name, 'begun'), true);
			await host.road({ loss: 5 });
			const [reliable = [], unreliable = []] = await client.run(roundTrips, channels, LOSSY_MESSAGES, LOSSY_BEAT_MS);
			assert.ok(unreliable.length < LOSSY_MESSAGES && unreliable.length > 0.8 * LOSSY_MESSAGES, `${unreliable.length}`);
			const slowest = [...unreliable].sort((a, b) => b - a).slice(0, 3);
			note(`the slowest unreliable messages: ${slowest.map(Math.round).join(', ')} ms`);
			const [late, prompt] = [quantile(reliable, 0.99), quantile(unreliable, 0.99)];
			assert.ok(prompt <= 1.5 * rtt, `p99 of unreliable messages: ${prompt} ms`);
			assert.ok(late > 1.5 * rtt, `p99 of reliable messages: ${late} ms`);
			// Afterwards, when nobody speaks, a last word that is lost twice may well be said over the relay.
			const [first, second] = await client.run(() => walked);
			assert.deepEqual([first, second], ['rtc', 'all sent'], 'a lost packet is no reason to leave UDP');
		},
	},
	{
		title: 'a master killed in the middle: channels on UDP go on',
		play: async ({ world, client, host, note }) => {
			const master = await MasterActor.open(world.master.host, {}, true);
			const slave = new SlaveActor(world.slaveHost);
			try {
				await slave.register(master.url, 'open');
				await talkOverRtc({ world: { ...world, master }, client, host, note });
				await master.kill();
				await client.wait(() => globalThis.master.state !== 'open');
				assert.equal(await client.run(echo, 'chat', 'without a master'), true);
				assert.equal(await client.run(() => slaveCo.path), 'rtc');
			} finally {
				await Promise.all([master.close(), slave.close()]);
			}
		},
	},
	{
		title: 'TURN only, at both ends, with credentials that the master made: the session is on UDP',
		play: async ({ world, client, host, note }) => {
			const { coturn, turnMaster, turnSlave } = world;
			const before = coturn.allocations.length;
			await talkOverRtc({ world: { ...world, master: turnMaster }, client, host, note }, 'turn', {
				iceTransportPolicy: 'relay',
			});
			const users = coturn.allocations.slice(before).map((user) => user.split(':')[1]);
			assert.ok(
				users.includes(String(await client.run(() => globalThis.master.id))),
				'the client was given no address',
			);
			assert.ok(users.includes(turnSlave), 'the slave was given no address');
		},
	},
	{
		title: 'UDP blocked: the session is on the relay, and stays there',
		play: async (stage) => {
			await talkOverRelay(stage);
			await new Promise((resolve) => setTimeout(resolve, STAYS_MS));
			assert.equal(await stage.client.run(echo, 'chat', 'still here'), true);
			assert.deepEqual(await stage.client.run(() => [slaveCo.state, slaveCo.path]), ['open', 'relay']);
		},
	},
	{
		title: 'UDP blocked and then freed: the session moves to UDP, its channel with it',
		play: async (stage) => {
			await talkOverRelay(stage);
			await stage.host.blockUdp(false);
			await stage.client.wait(() => slaveCo.path === 'rtc');
			assert.equal(await stage.client.run(echo, 'chat', 'over rtc now'), true);
			assert.equal(await stage.client.run(() => walked.at(-1)), 'rtc');
		},
	},
	{
		title: 'UDP cut in the middle of a game: every reliable message arrives, in order, once, each way',
		play: async (stage) => {
			const { client, host, note } = stage;
			await talkOverRtc(stage);
			await client.run(openChannel, 'numbers', {});
			await client.run(openChannel, 'numbers, unreliable', UNRELIABLE);
			for (const name of ['numbers', 'numbers, unreliable']) {
				await client.run((channel, count) => channels[channel]?.send(`go ${count}`), name, GAME_NUMBERS);
				await client.run(sendNumbers, name, GAME_NUMBERS, GAME_BEAT_MS);
			}
			await client.wait(() => Number(inboxes.numbers?.length) > 100);
			await host.blockUdp(true);
			const cut = performance.now();
			const passed = (): number => Math.round(performance.now() - cut);
			await client.wait(() => slaveCo.path === 'relay');
			const left = passed();
			await client.wait((count) => Number(inboxes.numbers?.length) >= count, GAME_NUMBERS);
			note(`on the relay after ${left} ms, all messages after ${passed()} ms`);
			assert.ok(passed() < FAILOVER_MS, `all messages after ${passed()} ms`);
			assert.equal(await client.run(() => slaveCo.path), 'relay');
			assert.deepEqual((await client.run(() => inboxes.numbers ?? [])).map(Number), whole(GAME_NUMBERS));
			await client.wait((count) => counts.numbers === count, GAME_NUMBERS);
			// The report comes behind what the slave sent, and is sent behind what this end did.
			await client.run(() => channels.numbers?.send('report'));
			const report = await client.wait((count) => inboxes.numbers?.[count], GAME_NUMBERS);
			assert.deepEqual(JSON.parse(String(report)), whole(GAME_NUMBERS));
			// On the relay what is not dropped arrives, in order: the report comes last.
			await client.run(() => channels['numbers, unreliable']?.send('report'));
			const theirs = await client.wait(() => inboxes['numbers, unreliable']?.find((each) => each.startsWith('[')));
			const ours = (await client.run(() => inboxes['numbers, unreliable'] ?? [])).filter((each) => each !== theirs);
			for (const unreliable of [ours.map(Number), JSON.parse(String(theirs)) as number[]]) {
				assert.ok(unreliable.length > 100 && unreliable.length < GAME_NUMBERS, `${unreliable.length} arrived`);
				assert.equal(new Set(unreliable).size, unreliable.length, 'an unreliable message arrived twice');
			}
		},
	},
];

/** Of each test: a group that is skipped counts for nothing. */
const skip = whyNoNetlab(EVERYTHING);

describe('in a test network', { timeout: 170_000 }, () => {
	let world: World;
	before(async () => {
		if (skip === undefined) world = await openWorld();
	});
	after(() => world?.close());

	describe('sessions', { concurrency: 3 }, () => {
		for (const kind of ['Chromium', 'Firefox', 'Node'] as const) {
			describe(kind, { concurrency: 1 }, () => {
				for (const { title, play } of SCENARIOS) {
					test(title, { skip, timeout: 60_000 }, async (t) => {
						const client = world.clients.get(kind);
						assert.ok(client);
						const { host } = client;
						await Promise.all([host.nat('none'), host.blockUdp(false), host.road({ delay: ROAD_MS, loss: 0 })]);
						await play({ world, client, host, note: (text) => t.diagnostic(text) });
					});
				}
			});
		}
	});
});
