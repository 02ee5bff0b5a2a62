/** Where a Node slave can be reached, and who is told. */
import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';
import os from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { BaseMasterConnection } from '../../src/client/master-connection.js';
import { type ClientConnection, Slave, type SlaveOptions } from '../../src/index.js';
import { nodePlatform } from '../../src/peer/node/index.js';
import type { CreatePeer, RtcPeer } from '../../src/peer/rtc.js';
import { type DirectoryEntry, MasterToClient, readMessage } from '../../src/wire/index.js';
import * as WAITS from '../../src/wire/waits.js';
import { RawLink } from '../support/raw-link.js';
import { clientFor, coded, echo, masterFor, messagesOf, runningOver, seen, slaveFor } from '../support/stage.js';
import { type StunServer, stunServerFor } from '../support/stun.js';
import { freePort, gatewayFor, udpFor } from '../support/udp.js';
import { Inbox, next, turns, within } from '../support/wait.js';

const OUTSIDE = { address: '198.51.100.7', port: 40_000 };
const ELSEWHERE = { address: '203.0.113.9', port: 50_000 };

/** What the directory tells of each slave, by its id, as it is told. */
async function directoryFor(t: TestContext, url: string) {
	const link = await RawLink.open(t, url, 'client');
	await link.hear('snapshot');
	const entries = () => link.said.items.flatMap(({ slaves = [] }) => slaves as DirectoryEntry[]);
	return {
		link,
		/** The newest entry of a slave. */
		of: (id: string) => entries().findLast((entry) => entry.id === id),
		/** Resolves with the candidates of a slave once they are as wished. */
		async until(id: string, is: (candidates: string[]) => boolean): Promise<string[]> {
			const find = () => entries().findLast((entry) => entry.id === id)?.direct?.candidates ?? [];
			await link.said.find(() => is(find()), 'the candidates');
			return find();
		},
	};
}

/** Offers a session in the ordinary way; gives the slave's answer, and what candidates came behind it until the last. */
async function answerOf(t: TestContext, link: RawLink, slave: string, session = 'ordinary') {
	const peer = nodePlatform.createPeer({ iceServers: [] });
	t.after(() => peer.close());
	peer.createDataChannel('enslavism', { negotiated: true, id: 1022 });
	await peer.setLocalDescription();
	link.say({ t: 'offer', session, slave, sdp: peer.localDescription?.sdp });
	const answer = await link.hear('answer', (message) => message.session === session && 'sdp' in message);
	return {
		sdp: String(answer.sdp),
		later: () => link.said.items.filter((each) => each.t === 'candidate' && each.session === session),
	};
}

/** Addresses and ports of the candidates in a description. */
const addressesIn = (sdp: string) =>
	Array.from(
		sdp.matchAll(/^a=candidate:(?:\S+ ){4}(\S+) (\d+) typ (\S+)/gm),
		([, address, port, type]) => `${type} ${address}:${port}`,
	);

/** Knows these addresses of every name, or none where `knows` is `undefined`. */
function resolverFor(t: TestContext, knows: string[] | undefined) {
	const resolver = { knows, asked: new Inbox<string>() };
	t.mock.method(dns, 'lookup', async (name: string) => {
		resolver.asked.put(name);
		if (resolver.knows === undefined) throw new Error(`nobody knows ${name}`);
		return resolver.knows.map((address) => ({ address, family: isIP(address) }));
	});
	mockedFor(t);
	return resolver;
}

/** The interfaces of this machine, with one whose address a test can change. */
function interfacesFor(t: TestContext) {
	const { networkInterfaces } = os;
	const base = { netmask: '255.255.255.0', family: 'IPv4', mac: '', internal: false, cidr: null } as const;
	let count = 0;
	const fake = () => ({ ...networkInterfaces(), fake: [{ ...base, address: `192.0.2.${count}` }] });
	t.mock.method(os, 'networkInterfaces', fake);
	mockedFor(t);
	return {
		change(): void {
			count++;
		},
	};
}

/** Time for what must not happen: there is no event to wait for. */
const nothing = () => new Promise((resolve) => setTimeout(resolve, 100));

/** Modules that have imported the mocked functions of Node by name have the mocks, until the test is over. */
function mockedFor(t: TestContext): void {
	syncBuiltinESMExports();
	t.after(() => {
		t.mock.restoreAll();
		syncBuiltinESMExports();
	});
}

describe('the public address of a slave', () => {
	const options: SlaveOptions = { publicAddress: [`${OUTSIDE.address}:${OUTSIDE.port}`, '2001:db8::7'] };

	for (const direct of [true, false]) {
		it(`stands in its answers in place of its own${direct ? '' : ', with direct: false, too'}`, async (t) => {
			const { url } = await masterFor(t);
			const port = await freePort();
			const slave = await slaveFor(t, url, 0, undefined, { ...options, port, direct });
			const { link } = await directoryFor(t, url);
			const { sdp, later } = await answerOf(t, link, slave.id);
			assert.deepEqual(addressesIn(sdp), [`host ${OUTSIDE.address}:${OUTSIDE.port}`, `host 2001:db8::7:${port}`]);
			assert.match(sdp, /^m=application 9 .*\r\nc=IN IP4 0\.0\.0\.0\r$/m);
			assert.deepEqual(later(), []);
		});
	}

	it('is told beside what servers say of it, and beside nothing else', async (t) => {
		const stun = await stunServerFor(t, ELSEWHERE);
		const { url } = await masterFor(t, { iceServers: [{ urls: stun.url }] });
		const slave = await slaveFor(t, url, 0, undefined, options);
		const { link, of } = await directoryFor(t, url);
		assert.equal(of(slave.id)?.direct?.candidates.length, 2);
		const { sdp, later } = await answerOf(t, link, slave.id);
		await link.hear('candidate', ({ candidate }) => candidate === '');
		assert.equal(addressesIn(sdp).length, 2);
		const candidates = later().map(({ candidate }) => String(candidate));
		assert.deepEqual(
			candidates.map((each) => / typ (\w+)/.exec(each)?.[1]),
			['srflx', undefined],
		);
		assert.match(String(candidates[0]), new RegExp(`${ELSEWHERE.address} ${ELSEWHERE.port} typ srflx`));
	});

	it('is enough where a port is mapped, also when the answer is an ordinary one', async (t) => {
		const { url } = await masterFor(t);
		const port = await freePort();
		const gateway = await gatewayFor(t, port);
		const mappedTo: SlaveOptions = { publicAddress: `127.0.0.1:${gateway.port}`, port, direct: false };
		const slave = await slaveFor(t, url, 0, undefined, mappedTo);
		// A client that nobody can reach from outside: who speaks first to it speaks to nobody.
		const createPeer: CreatePeer = (config) => {
			const peer = nodePlatform.createPeer(config);
			let own: RtcPeer['localDescription'] = null;
			return Object.defineProperty(peer, 'localDescription', {
				get: () => own,
				set: ({ type, sdp }: { type: string; sdp: string }) => {
					own = { type, sdp: sdp.replace(/^a=candidate:.*\r\n/gm, '') };
				},
			});
		};
		const platform = { ...nodePlatform, createPeer };
		const client = new BaseMasterConnection(platform, (text) => readMessage(MasterToClient, text), url);
		t.after(() => client.close());
		const slaveCo = await seen(client, slave.id);
		await slaveCo.connect();
		await runningOver('rtc', slaveCo);
		assert.ok(gateway.inward.items.length > 0);
	});

	it('may be a name, several, with and without ports', async (t) => {
		const { url } = await masterFor(t);
		const port = await freePort();
		const publicAddress = ['localhost', '192.0.2.1:7', '[2001:db8::1]:8', '2001:db8::2'];
		const slave = await slaveFor(t, url, 0, undefined, { publicAddress, port });
		const { of } = await directoryFor(t, url);
		const told = of(slave.id)?.direct?.candidates.map((each) => each.split(' ').slice(4, 6).join(' ')) ?? [];
		assert.ok(told.includes(`127.0.0.1 ${port}`) || told.includes(`::1 ${port}`), told.join());
		assert.deepEqual(told.slice(-3), ['192.0.2.1 7', '2001:db8::1 8', `2001:db8::2 ${port}`]);
	});

	it('is told once, however often it is named', async (t) => {
		resolverFor(t, ['192.0.2.1', '192.0.2.2']);
		const { url } = await masterFor(t);
		const publicAddress = ['192.0.2.1:7', 'game.example:7', '192.0.2.1:8', '192.0.2.1:7'];
		const slave = await slaveFor(t, url, 0, undefined, { publicAddress });
		const { of } = await directoryFor(t, url);
		const told = of(slave.id)?.direct?.candidates.map((each) => each.split(' ').slice(4, 6).join(' '));
		assert.deepEqual(told, ['192.0.2.1 7', '192.0.2.2 7', '192.0.2.1 8']);
	});

	it('is looked up again where it is a name: told when it changed, and kept while nobody knows it', async (t) => {
		t.mock.timers.enable({ apis: ['setInterval'] });
		const names = resolverFor(t, ['192.0.2.1', '192.0.2.2']);
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url, 0, undefined, { publicAddress: 'game.example:7' });
		const { until, link } = await directoryFor(t, url);
		const looked = async (knows: string[] | undefined) => {
			names.knows = knows;
			const before = names.asked.items.length;
			t.mock.timers.tick(WAITS.reflexive);
			await names.asked.count(before + 1);
			await turns(10);
		};
		await looked(['192.0.2.2', '192.0.2.1']);
		await looked(undefined);
		await looked(['192.0.2.9']);
		const isThere = ([candidate = '', ...more]: string[]) => candidate.includes(' 192.0.2.9 7 ') && more.length === 0;
		await until(slave.id, isThere);
		assert.equal(link.said.items.filter(({ t }) => t === 'delta').length, 1, 'told only when it was another');
		const { sdp } = await answerOf(t, link, slave.id);
		assert.deepEqual(addressesIn(sdp), ['host 192.0.2.9:7']);
	});
});

describe('the address of a slave outside', () => {
	const isOutside = ({ address, port }: typeof OUTSIDE) => {
		const end = `${address} ${port} typ srflx`;
		return (candidates: string[]) => candidates.some((each) => each.includes(end));
	};

	it('is found by its own STUN server before it registers, by the port of its sessions', async (t) => {
		const stun = await stunServerFor(t, OUTSIDE);
		const { url } = await masterFor(t);
		const port = await freePort();
		const slave = await slaveFor(t, url, 0, undefined, { iceServers: [{ urls: stun.url }], port });
		const { of } = await directoryFor(t, url);
		const candidates = of(slave.id)?.direct?.candidates ?? [];
		assert.ok(isOutside(OUTSIDE)(candidates), candidates.join());
		assert.ok(candidates.some((each) => each.includes(` ${port} typ host`)));
		assert.deepEqual([...new Set(stun.asked.items)], [port]);
	});

	it("is found by the master's STUN server, and registered then; clients use it without an event", async (t) => {
		const stun = await stunServerFor(t, OUTSIDE);
		const { url } = await masterFor(t, { iceServers: [{ urls: [stun.url] }] });
		const client = clientFor(t, url);
		await client.ready;
		const { until } = await directoryFor(t, url);
		const slave = await slaveFor(t, url);
		client.on('slaveupdated', () => assert.fail('nothing that anybody sees has changed'));
		await until(slave.id, isOutside(OUTSIDE));
		const slaveCo = await seen(client, slave.id);
		await slaveCo.connect();
		await runningOver('rtc', slaveCo);
	});

	it('is found by a TURN server, too, which the slave does not use for anything else', async (t) => {
		const stun = await stunServerFor(t, OUTSIDE);
		const turn = { username: 'x', credential: 'x' };
		const urls = [stun.url.replace('stun', 'turn'), 'turn:127.0.0.1:9?transport=tcp', 'turns:127.0.0.1:9'];
		const { url } = await masterFor(t, { iceServers: [{ urls, ...turn }] });
		const { until, link } = await directoryFor(t, url);
		const slave = await slaveFor(t, url);
		await until(slave.id, isOutside(OUTSIDE));
		await answerOf(t, link, slave.id);
		const { candidate } = await link.hear('candidate', (each) => String(each.candidate).includes('typ srflx'));
		assert.match(String(candidate), new RegExp(`${OUTSIDE.address} ${OUTSIDE.port}`));
	});

	it('is asked for again, and registered again when it has changed', async (t) => {
		// Before anything is made: what was made with the real clock could not be ended with this one.
		t.mock.timers.enable({ apis: ['setInterval'] });
		const stun = await stunServerFor(t, OUTSIDE);
		const { url } = await masterFor(t);
		const { until, link } = await directoryFor(t, url);
		const slave = await slaveFor(t, url, 0, undefined, { iceServers: [{ urls: stun.url }] });
		await until(slave.id, isOutside(OUTSIDE));
		const count = () => link.said.items.filter(({ t }) => t === 'delta').length;
		const before = count();
		const ask = async () => {
			const asked = stun.asked.items.length;
			t.mock.timers.tick(WAITS.reflexive);
			await stun.asked.count(asked + 1);
		};
		await ask();
		stun.says = ELSEWHERE;
		await ask();
		const candidates = await until(slave.id, isOutside(ELSEWHERE));
		assert.equal(candidates.filter((each) => each.includes('srflx')).length, 1);
		assert.equal(count(), before + 1, 'told only when it was another');
	});

	it('stays while nobody tells it, until the interfaces are others; then it is asked for at once', async (t) => {
		t.mock.timers.enable({ apis: ['setInterval'] });
		const interfaces = interfacesFor(t);
		const stun = await stunServerFor(t, OUTSIDE);
		const { url } = await masterFor(t);
		const { until, of, link } = await directoryFor(t, url);
		const slave = await slaveFor(t, url, 0, undefined, { iceServers: [{ urls: stun.url }] });
		await until(slave.id, isOutside(OUTSIDE));
		const isInside = (candidates: string[]) => candidates.length > 0 && !candidates.join().includes('srflx');
		const ask = async (says: typeof stun.says, wait: number) => {
			stun.says = says;
			const asked = stun.asked.items.length;
			t.mock.timers.tick(wait);
			await stun.asked.count(asked + 1);
		};
		await ask('error', WAITS.reflexive);
		await nothing();
		assert.ok(isOutside(OUTSIDE)(of(slave.id)?.direct?.candidates ?? []));
		interfaces.change();
		await ask('error', WAITS.addresses);
		await until(slave.id, isInside);
		interfaces.change();
		await ask(ELSEWHERE, WAITS.addresses);
		await until(slave.id, isOutside(ELSEWHERE));
		const deltas = link.said.items.filter(({ t }) => t === 'delta').length;
		t.mock.timers.tick(WAITS.addresses);
		await nothing();
		assert.deepEqual([link.said.items.filter(({ t }) => t === 'delta').length, stun.asked.items.length], [deltas, 4]);
	});

	it('is asked of another server soon where one is silent, and of each before they have a rest', async (t) => {
		t.mock.timers.enable({ apis: ['setInterval'] });
		const servers = await Promise.all([0, 1, 2].map(() => stunServerFor(t, 'error')));
		const { url } = await masterFor(t);
		const { until } = await directoryFor(t, url);
		const slave = await slaveFor(t, url, 0, undefined, { iceServers: servers.map(({ url }) => ({ urls: url })) });
		const [first, second, third] = servers as [StunServer, StunServer, StunServer];
		for (const each of [first, second, third]) {
			await each.asked.count(1);
			t.mock.timers.tick(WAITS.addresses);
		}
		second.says = OUTSIDE;
		await nothing();
		const counts = () => servers.map(({ asked }) => asked.items.length);
		assert.deepEqual(counts(), [1, 1, 1]);
		t.mock.timers.tick(WAITS.reflexive - WAITS.addresses);
		await first.asked.count(2);
		t.mock.timers.tick(WAITS.addresses);
		await until(slave.id, isOutside(OUTSIDE));
		t.mock.timers.tick(WAITS.reflexive);
		await second.asked.count(3);
		assert.deepEqual(counts(), [2, 3, 1], 'who has answered is asked again');
	});

	it('that no server tells holds nothing up for long', async (t) => {
		const stun = await stunServerFor(t, undefined);
		const { url } = await masterFor(t);
		const began = performance.now();
		const slave = await slaveFor(t, url, 0, undefined, { iceServers: [{ urls: stun.url }] });
		assert.ok(performance.now() - began < WAITS.gathering + 1000);
		const { of } = await directoryFor(t, url);
		assert.ok(of(slave.id)?.direct?.candidates.some((each) => each.includes('typ host')));
	});
});

describe('the addresses of a slave', () => {
	const silent: [title: string, options: SlaveOptions][] = [
		['direct is false', { direct: false }],
		['direct is false, though it has a public address', { direct: false, publicAddress: '192.0.2.1' }],
		['it goes over TURN only', { iceTransportPolicy: 'relay', publicAddress: '192.0.2.1' }],
		['it wants the relay alone', { paths: ['relay'], publicAddress: '192.0.2.1' }],
	];
	for (const [title, options] of silent) {
		it(`stay out of the directory where ${title}`, async (t) => {
			const stun = await stunServerFor(t, OUTSIDE);
			const { url } = await masterFor(t, { iceServers: [{ urls: stun.url }] });
			const { of, link } = await directoryFor(t, url);
			const slave = await slaveFor(t, url, 0, undefined, options);
			await link.said.find(() => of(slave.id) !== undefined);
			// Whatever it would say later it would have said by the time of this.
			const updated = link.hear('delta', () => of(slave.id)?.data === '[1]');
			await turns(20);
			slave.update(1);
			await updated;
			for (const entry of link.said.items) assert.ok(!JSON.stringify(entry).includes('fingerprint'));
		});
	}

	it('take no port where it wants the relay alone', async (t) => {
		const { url } = await masterFor(t);
		const { port } = await udpFor(t);
		await slaveFor(t, url, 0, undefined, { paths: ['relay'], port });
	});

	it('are published again when it comes back', async (t) => {
		const { master, url } = await masterFor(t);
		const linked = next(master, 'slaveconnection');
		const slave = await slaveFor(t, url);
		const [socket] = await linked;
		const back = next(slave, 'reconnected');
		socket.terminate();
		await back;
		const { of } = await directoryFor(t, url);
		assert.ok((of(slave.id)?.direct?.candidates.length ?? 0) > 0);
	});
});

describe('a slave that is reached elsewhere from now on', () => {
	it('is asked there by clients that know it already', async (t) => {
		const { url } = await masterFor(t);
		const { link, id } = await RawLink.slave(t, url);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, id);
		client.on('slaveupdated', () => assert.fail('nothing that anybody sees has changed'));
		const asked = async () => {
			const before = link.said.items.length;
			const refused = assert.rejects(slaveCo.connect(), coded('rejected'));
			const { session, ice } = await link.said.find(
				(each) => each.t === 'offer' && link.said.items.indexOf(each) >= before,
			);
			link.say({ t: 'reject', session, reason: 'no' });
			await refused;
			return ice !== undefined;
		};
		assert.equal(await asked(), false);
		const { until } = await directoryFor(t, url);
		const direct = { fingerprint: Array(32).fill('AB').join(':'), candidates: ['1 1 UDP 1 192.0.2.1 9 typ host'] };
		link.say({ t: 'moved', direct });
		await until(id, (candidates) => candidates.length === 1);
		// What this client has been told by now includes that.
		const other = await slaveFor(t, url);
		await seen(client, other.id);
		assert.equal(await asked(), true);
		link.say({ t: 'moved' });
		await seen(client, (await slaveFor(t, url)).id);
		assert.equal(await asked(), false);
	});
});

describe('the UDP port of a slave', () => {
	it('is the one that was asked for, and that of all slaves of the process', async (t) => {
		const { url } = await masterFor(t);
		const port = await freePort();
		const one = await slaveFor(t, url, 0, undefined, { port });
		const two = await slaveFor(t, url);
		const { of } = await directoryFor(t, url);
		for (const { id } of [one, two]) {
			const candidates = of(id)?.direct?.candidates ?? [];
			assert.ok(candidates.length > 0 && candidates.every((each) => each.includes(` ${port} typ host`)));
		}
		const client = clientFor(t, url);
		const slaveCos = await Promise.all([one, two].map(({ id }) => seen(client, id)));
		await Promise.all(slaveCos.map((each) => each.connect()));
		await runningOver('rtc', ...slaveCos);
		await assert.rejects(new Slave(url, 0, undefined, { port: port === 1 ? 2 : port - 1 }), coded('listen-failed'));
		one.close();
		await slaveCos[1]?.rtt();
		assert.equal(slaveCos[1]?.path, 'rtc');
	});

	it('is taken by two that start together, once', async (t) => {
		const { url } = await masterFor(t);
		const [one, two] = await Promise.all([slaveFor(t, url), slaveFor(t, url)]);
		const { of } = await directoryFor(t, url);
		const ports = [one, two].map(({ id }) => of(id)?.direct?.candidates[0]?.split(' ')[5]);
		assert.ok(ports[0] !== undefined && ports[0] === ports[1], ports.join());
	});

	it('is free again when the last of them has closed', async (t) => {
		const { url } = await masterFor(t);
		const port = await freePort();
		for (let round = 0; round < 3; round++) {
			const slaves = await Promise.all([0, 1].map(() => slaveFor(t, url, 0, undefined, { port })));
			for (const slave of slaves) slave.close();
		}
		const other = await freePort();
		await slaveFor(t, url, 0, undefined, { port: other });
	});

	it('is shared with sessions of a slave that has lost its master for good, and free after the last of them', async (t) => {
		const [first, second] = await Promise.all([masterFor(t), masterFor(t)]);
		const port = await freePort();
		const ended = await slaveFor(t, first.url, 0, undefined, { port, reconnect: false });
		echo(ended);
		const old = await seen(clientFor(t, first.url), ended.id);
		const channel = await old.createDataChannel('x', { early: false });
		const closed = next(ended, 'close');
		await first.master.close();
		await closed;
		const elsewhere = await slaveFor(t, second.url, 0, undefined, { port: await freePort() });
		elsewhere.close();
		const began = performance.now();
		const slave = await slaveFor(t, second.url, 0, undefined, { port });
		assert.ok(performance.now() - began < WAITS.portFree / 2, 'nobody has to let go of it');
		const slaveCo = await seen(clientFor(t, second.url), slave.id);
		await slaveCo.connect();
		await runningOver('rtc', slaveCo);
		slave.close();
		const answers = messagesOf(channel);
		channel.send('still here');
		await answers.count(1);
		assert.equal(old.path, 'rtc');
		const bound = { port, bindAddress: '127.0.0.1' };
		await assert.rejects(new Slave(second.url, 0, undefined, bound), coded('listen-failed'));
		const over = next(ended.connections[0] as ClientConnection, 'close');
		old.close();
		await over;
		await slaveFor(t, second.url, 0, undefined, bound);
	});

	it('is bound to bindAddress alone, also for a slave beside it that asks for nothing', async (t) => {
		const { url } = await masterFor(t);
		const port = await freePort();
		const bindAddress = '127.0.0.2';
		const one = await slaveFor(t, url, 0, undefined, { port, bindAddress });
		const two = await slaveFor(t, url);
		const { of } = await directoryFor(t, url);
		for (const { id } of [one, two]) {
			const told = of(id)?.direct?.candidates.map((each) => each.split(' ').slice(4, 6).join(' '));
			assert.deepEqual(told, [`${bindAddress} ${port}`]);
		}
		await assert.rejects(udpFor(t, { port, address: bindAddress }), /EADDRINUSE/);
		await udpFor(t, { port, address: '127.0.0.1' });
		const slaveCo = await seen(clientFor(t, url), two.id);
		await slaveCo.connect();
		await runningOver('rtc', slaveCo);
	});

	it('is refused to a slave that wants another one than its neighbour, with the option that differs', async (t) => {
		const { url } = await masterFor(t);
		const [port, other] = [await freePort(), await freePort()];
		const neighbour = await slaveFor(t, url, 0, undefined, { port });
		const differing: [option: string, options: SlaveOptions][] = [
			['port', { port: other }],
			['portRange', { portRange: [other, other] }],
			['bindAddress', { bindAddress: '127.0.0.1' }],
			['bindAddress', { port, bindAddress: '127.0.0.1' }],
		];
		for (const [option, options] of differing) {
			const refused = new Slave(url, 0, undefined, options);
			await assert.rejects(refused, coded('listen-failed'));
			await assert.rejects(refused, new RegExp(` ${port} of all addresses: leave ${option} out`));
		}
		neighbour.close();
	});

	it('is the first free one of a range', async (t) => {
		const { url } = await masterFor(t);
		const { port: taken } = await udpFor(t);
		const slave = await slaveFor(t, url, 0, undefined, { portRange: [taken, Math.min(taken + 20, 65_535)] });
		const { of } = await directoryFor(t, url);
		const port = Number(of(slave.id)?.direct?.candidates[0]?.split(' ')[5]);
		assert.ok(port > taken && port <= taken + 20, `${port}`);
	});

	it('that is taken is an error of the promise, as is a range in which all are', async (t) => {
		const { url, master } = await masterFor(t);
		const { port } = await udpFor(t);
		await assert.rejects(new Slave(url, 0, undefined, { port }), coded('listen-failed'));
		await assert.rejects(new Slave(url, 0, undefined, { portRange: [port, port] }), coded('listen-failed'));
		assert.equal(master.counts.slaves, 0);
		await slaveFor(t, url);
	});

	const wrong: [title: string, options: object][] = [
		['a port above 65535', { port: 65_536 }],
		['a port below 0', { port: -1 }],
		['half a port', { port: 1.5 }],
		['a port that is text', { port: '40000' }],
		['a range that ends before it begins', { portRange: [5000, 4000] }],
		['a range from 0', { portRange: [0, 4000] }],
		['a range beyond the last port', { portRange: [65_000, 66_000] }],
		['a range of one number', { portRange: [5000] }],
		['a range that is none', { portRange: 5000 }],
		['a range and a port', { portRange: [5000, 6000], port: 5000 }],
		['an interface by its name', { bindAddress: 'eth0' }],
		['a name that cannot be resolved', { publicAddress: 'nobody.invalid' }],
		['an address with a port above 65535', { publicAddress: '192.0.2.1:65536' }],
		['an address with port 0', { publicAddress: '192.0.2.1:0' }],
		['an address that is empty', { publicAddress: '' }],
		['no address in a list', { publicAddress: [] }],
		['more addresses than are published', { publicAddress: Array(17).fill('192.0.2.1') }],
		['a link-local address', { publicAddress: '[fe80::1]:7' }],
		['an address with a zone', { publicAddress: 'fe80::1%lo' }],
		['an address of two lines', { publicAddress: '192.0.2.1\r\na=x' }],
		['an address that is a number', { publicAddress: 5 }],
		['a certificate that is not there', { certificate: { cert: '/nowhere', key: '/nowhere' } }],
		['a certificate that is none', { certificate: { cert: 'package.json', key: 'package.json' } }],
	];
	for (const [title, options] of wrong) {
		it(`cannot be had with ${title}, and the next slave has one`, async (t) => {
			const { url } = await masterFor(t);
			const promise = new Slave(url, 0, undefined, options as SlaveOptions);
			await assert.rejects(within(promise, 'the refusal'), coded('bad-option'));
			await slaveFor(t, url, 0, undefined, { port: await freePort() });
		});
	}
});
