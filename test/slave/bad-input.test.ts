import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { PeerConnection } from 'node-datachannel';
import type { ErrorCode } from '../../src/index.js';
import { messageFrame, writeFrame } from '../../src/peer/frames.js';
import * as LIMITS from '../../src/wire/limits.js';
import { childFor } from '../support/child.js';
import { RawLink } from '../support/raw-link.js';
import { clientFor, coded, masterFor, messagesOf, seen, sessionFor, slaveFor } from '../support/stage.js';
import { Inbox, next, PATIENCE, turns, within } from '../support/wait.js';

/** A real offer, as this library's client makes it. */
async function realOffer(t: TestContext, url: string): Promise<string> {
	const { link, id } = await RawLink.slave(t, url);
	const client = clientFor(t, url);
	const slaveCo = await seen(client, id);
	slaveCo.connect().catch(() => {});
	const { sdp } = await link.hear('offer');
	client.close();
	link.socket.terminate();
	return String(sdp);
}

/** The description with every line that begins like `start` replaced. */
function replaced(sdp: string, start: string, ...by: string[]): string {
	const lines = sdp.split('\r\n').flatMap((line) => (line.startsWith(start) ? by : [line]));
	return lines.join('\r\n');
}

function badDescriptions(good: string): string[] {
	const ufrags = [
		'',
		'a',
		'abc',
		'ab cd',
		'ab:cd',
		'ab\u0000cd',
		'äöüß',
		'%%%%',
		'$(x)',
		'a'.repeat(257),
		'a'.repeat(5000),
		'-_-_',
	];
	const pwds = [
		'',
		'short',
		'x'.repeat(21),
		`${'x'.repeat(21)} `,
		`${'x'.repeat(22)}!`,
		'ü'.repeat(22),
		'x'.repeat(257),
	];
	return [
		...[
			'',
			'v=0',
			'garbage',
			'\u0000',
			'v=0\r\nv=0\r\n',
			'{"type":"offer"}',
			'v=0\r\nm=\r\n',
			'x'.repeat(LIMITS.sdpLength),
		],
		...ufrags.map((ufrag) => replaced(good, 'a=ice-ufrag', `a=ice-ufrag:${ufrag}`)),
		...pwds.map((pwd) => replaced(good, 'a=ice-pwd', `a=ice-pwd:${pwd}`)),
		replaced(good, 'a=ice-ufrag'),
		replaced(good, 'a=ice-pwd'),
		replaced(good, 'a=fingerprint'),
		replaced(good, 'm='),
		replaced(good, 'm=', 'm=audio 9 UDP/TLS/RTP/SAVPF 111'),
		replaced(good, 'm=', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'm=video 9 UDP/TLS/RTP/SAVPF 96'),
		replaced(good, 'a=fingerprint', 'a=fingerprint:'),
		replaced(good, 'a=fingerprint', 'a=fingerprint:sha-256 zz'),
		replaced(good, 'a=fingerprint', 'a=fingerprint:md5 00'),
	];
}

/** Descriptions that may be taken, or not: what counts is that nobody is hurt. */
function strangeDescriptions(good: string): string[] {
	const port = 'a=candidate:1 1 UDP 1 127.0.0.1';
	return [
		replaced(good, 'a=fingerprint', `a=fingerprint:sha-256 ${Array(32).fill('00').join(':')}`),
		replaced(good, 'a=setup', 'a=setup:passive'),
		replaced(good, 'a=setup', 'a=setup:holdconn'),
		replaced(good, 'a=setup', 'a=setup:nonsense'),
		replaced(good, 'a=setup'),
		replaced(good, 'a=mid'),
		replaced(good, 'a=mid', 'a=mid:'),
		replaced(good, 'a=mid', `a=mid:${'m'.repeat(5000)}`),
		replaced(good, 'a=sctp-port', 'a=sctp-port:0'),
		replaced(good, 'a=sctp-port', 'a=sctp-port:99999999999999999999'),
		replaced(good, 'a=sctp-port', 'a=sctp-port:x'),
		replaced(good, 'a=max-message-size', 'a=max-message-size:-1'),
		replaced(good, 'a=max-message-size', 'a=max-message-size:99999999999999999999999'),
		replaced(good, 'a=max-message-size', 'a=max-message-size:x'),
		replaced(good, 'm=', 'm=application 99999999 UDP/DTLS/SCTP webrtc-datachannel'),
		replaced(good, 'm=', 'm=application'),
		replaced(good, 'm=', 'm=application 0 x'),
		replaced(good, 'a=end-of-candidates', ...Array(100).fill(`${port} 9 typ host`)),
		replaced(
			good,
			'a=end-of-candidates',
			'a=candidate:',
			'a=candidate',
			'a=candidate:x x x x x x x x',
			`${port} 99999999 typ host`,
		),
		replaced(
			good,
			'a=end-of-candidates',
			`${port} 9 typ nonsense`,
			'a=candidate:1 1 UDP 99999999999999999999 127.0.0.1 9 typ host',
		),
		replaced(good, 'o=', 'o='),
		replaced(good, 'o=', 'o=- 99999999999999999999999999 -5 IN IP4 x'),
		replaced(good, 'a=group', 'a=group:BUNDLE 1 2 3'),
		replaced(good, 'a=ice-options', 'a=ice-options:nonsense', 'a=ice-lite', `a=${'y'.repeat(3000)}`),
		good.replaceAll('\r\n', '\n'),
		good.replaceAll('\r\n', '\r'),
		good + good.slice(good.indexOf('a=')),
	];
}

const badCandidates = [
	...[
		'x',
		'candidate:',
		'candidate',
		'candidate:x x x x x x x x',
		'\u0000',
		'candidate:1 1 UDP 1 nowhere.local 9 typ host',
	],
	...['candidate:1 1 UDP 1 127.0.0.1 0 typ host', 'candidate:1 1 UDP 1 127.0.0.1 99999999 typ host'],
	...['candidate:1 1 TCP 1 127.0.0.1 9 typ host tcptype active', 'candidate:1 99 UDP 1 256.256.256.256 9 typ host'],
	...['a=candidate:1 1 UDP 1 ::: 9 typ host', 'x'.repeat(LIMITS.candidateLength), ''],
];

describe('a slave in a process of its own', () => {
	async function stage(t: TestContext) {
		const { url } = await masterFor(t);
		const child = childFor(t, 'slave', url);
		const id = (await child.lines.find((line) => line.startsWith('slave '))).slice('slave '.length);
		const channel = await (await seen(clientFor(t, url), id)).createDataChannel('bystander');
		const answers = messagesOf(channel);
		let count = 0;
		const check = async () => {
			assert.equal(child.process.exitCode ?? child.process.signalCode, null, child.stderr());
			channel.send(`${++count}`);
			await answers.find((each) => each === String(count), 'the echo of the bystander');
			assert.equal(child.stderr(), '');
		};
		return { url, id, check, child };
	}

	it('answers no description that it cannot use, and takes the next one of the same session', async (t) => {
		const { url, id, check } = await stage(t);
		const { link } = await RawLink.client(t, url);
		const good = await realOffer(t, url);
		for (const [index, sdp] of badDescriptions(good).entries()) {
			const session = `s${index}`;
			link.say({ t: 'offer', session, slave: id, sdp });
			link.say({ t: 'offer', session, slave: id, attempt: 1, sdp: good });
			const isAnswer = (message: { [key: string]: unknown }) => message.session === session && 'sdp' in message;
			const answer = await link.said.find(isAnswer, `an answer after ${JSON.stringify(sdp)}`);
			assert.deepEqual([answer.t, answer.attempt], ['answer', 1], JSON.stringify(sdp));
			link.say({ t: 'close', session, reason: 'next' });
		}
		await check();
	});

	it('takes no ICE credentials that are none', async (t) => {
		const { url, id, check } = await stage(t);
		const sdp = await realOffer(t, url);
		const pwd = 'x'.repeat(24);
		for (const ice of [
			{ ufrag: 'ab c', pwd },
			{ ufrag: 'abc', pwd },
			{ ufrag: 'abcd', pwd: 'short' },
			{ ufrag: 'abcd\r\na=x', pwd },
			{ ufrag: 'abcd', pwd: 'x'.repeat(257) },
			{ ufrag: 'a'.repeat(257), pwd },
			{ ufrag: 'äöüß', pwd },
			{ ufrag: 'abcd' },
			'abcd',
		]) {
			const { link } = await RawLink.client(t, url);
			link.say({ t: 'offer', session: 'x', slave: id, sdp, ice });
			assert.equal((await link.closed).code, 4400, JSON.stringify(ice));
		}
		await check();
	});

	it('survives strange descriptions and candidates, and goes on', async (t) => {
		const { url, id, check } = await stage(t);
		const good = await realOffer(t, url);
		const { link } = await RawLink.client(t, url);
		for (const [index, sdp] of strangeDescriptions(good).entries()) {
			const session = `s${index}`;
			for (const when of ['early', 'late']) {
				if (when === 'late') link.say({ t: 'offer', session, slave: id, sdp });
				for (const candidate of badCandidates) link.say({ t: 'candidate', session, candidate, mid: when });
			}
			await link.said.find((message) => message.session === session, `an answer to ${JSON.stringify(sdp)}`);
			link.say({ t: 'close', session, reason: 'next' });
		}
		await check();
	});

	it('takes the candidates of a session within its bound', async (t) => {
		const { url, id, check } = await stage(t);
		const good = await realOffer(t, url);
		const { link } = await RawLink.client(t, url);
		link.say({ t: 'offer', session: 'flood', slave: id, sdp: replaced(good, 'a=candidate') });
		for (let port = 1; port < 500; port++) {
			const candidate = `candidate:${port} 1 UDP ${port} 127.0.0.1 ${port} typ host`;
			link.say({ t: 'candidate', session: 'flood', candidate, mid: '0' });
		}
		await link.hear('answer');
		await check();
	});
});

describe('a Node client', () => {
	it('rejects its promises for an answer that it cannot use, and goes on', async (t) => {
		const { url } = await masterFor(t);
		const good = await realOffer(t, url);
		const { link, id } = await RawLink.slave(t, url);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, id);
		let answer = '';
		link.socket.on('message', (data: Buffer, isBinary) => {
			if (isBinary) return;
			const { t, session, attempt } = JSON.parse(String(data)) as Record<string, unknown>;
			if (t === 'offer') link.say({ t: 'answer', session, attempt, sdp: answer, relay: false });
		});
		for (const sdp of badDescriptions(good)) {
			answer = sdp;
			await assert.rejects(within(slaveCo.connect(), JSON.stringify(sdp)), coded('rtc-failed'));
		}
		const slave = await slaveFor(t, url);
		await (await seen(client, slave.id)).connect();
	});

	it('survives whatever else a slave says in its session', async (t) => {
		const { url } = await masterFor(t);
		const { link, id } = await RawLink.slave(t, url);
		const client = clientFor(t, url);
		const slaveCo = await seen(client, id);
		const attempt = assert.rejects(slaveCo.connect(), coded('rejected', 'done'));
		const { session } = await link.hear('offer');
		for (const candidate of badCandidates) link.say({ t: 'candidate', session, candidate, mid: 'x' });
		link.say({ t: 'reject', session, reason: 'done' });
		link.say({ t: 'reject', session, reason: 'twice' });
		await attempt;
		await turns(10);
		assert.equal(client.state, 'open');
	});

	it('is told when a slave answers and then leaves', async (t) => {
		const { url } = await masterFor(t);
		const { link, id } = await RawLink.slave(t, url);
		const slaveCo = await seen(clientFor(t, url), id);
		const attempt = assert.rejects(slaveCo.createDataChannel('x'), coded('slave-unreachable'));
		await link.hear('offer');
		link.socket.terminate();
		await attempt;
	});
});

describe('a peer that speaks WebRTC but not this protocol', () => {
	/** A peer with no library above WebRTC, as client of a slave. */
	async function rawPeer(t: TestContext) {
		const { url } = await masterFor(t);
		const slave = await slaveFor(t, url);
		const { link } = await RawLink.client(t, url);
		const connected = next(slave, 'connection');
		for (let attempt = 0; ; attempt++) {
			const peer = new PeerConnection('raw', { iceServers: [], disableAutoNegotiation: true });
			const failed = failureOf(peer);
			const trunk = peer.createDataChannel('enslavism', { negotiated: true, id: 1022 });
			const lane = peer.createDataChannel('lane', { negotiated: true, id: 2 });
			const plain = peer.createDataChannel('plain', { protocol: 'chat' });
			// Without listeners of these the library may never let go of a channel, nor of the process.
			for (const channel of [trunk, lane, plain]) {
				channel.onOpen(() => {});
				channel.onMessage(() => {});
				channel.onClosed(() => {});
			}
			t.after(() => peer.close());
			peer.setLocalDescription('offer');
			const sdp = (peer.localDescription()?.sdp ?? '').replace('actpass', 'active');
			const session = `raw ${attempt}`;
			link.say({ t: 'offer', session, slave: slave.id, sdp });
			const answer = await link.hear('answer', (message) => message.session === session && 'sdp' in message);
			try {
				peer.setRemoteDescription(String(answer.sdp), 'answer');
				const [connection] = await Promise.race([connected, failed]);
				return { slave, peer, trunk, lane, plain, connection };
			} catch (error) {
				// The library loses its own race between ICE and the description now and then.
				if (attempt > 5) throw error;
			}
		}
	}

	/** Waits for a native channel, which tells nothing twice. */
	async function opened(channel: { isOpen(): boolean }): Promise<void> {
		for (const until = Date.now() + PATIENCE; !channel.isOpen() && Date.now() < until; ) await turns();
		assert.ok(channel.isOpen());
	}

	/** Rejects when the connection is over. A callback that comes too late is never let go of by the library. */
	function failureOf(peer: PeerConnection): Promise<never> {
		const failed = new Promise<never>((_, reject) => {
			peer.onStateChange((state) => {
				if (state === 'failed' || state === 'closed') reject(new Error(state));
			});
		});
		failed.catch(() => {});
		return failed;
	}

	/** A text about the session, the `number`th. */
	const about = (text: string, number = 0) => messageFrame(0, number, text);

	const cases: [name: string, said: string | Uint8Array, code: ErrorCode][] = [
		['text', 'garbage', 'bad-message'],
		['less than a frame', new Uint8Array([1]), 'bad-message'],
		['a frame of no known kind', writeFrame(200, 0, 0), 'bad-message'],
		['garbage about the session', about('garbage'), 'bad-message'],
		['null', about('null'), 'bad-message'],
		['{"t":"hello"}', about('{"t":"hello"}'), 'bad-message'],
		['bytes about the session', messageFrame(0, 0, new Uint8Array([1])), 'bad-message'],
		['too much', about('x'.repeat(LIMITS.controlLength + 1)), 'bad-message'],
		['a channel with a number of ours', about('{"t":"open","n":2,"label":"x"}'), 'bad-message'],
		[
			"a channel with the trunk's stream",
			about('{"t":"open","n":2147484670,"label":"x","negotiated":true}'),
			'bad-message',
		],
		['bye', about('{"t":"bye","reason":"bye"}'), 'session-closed'],
	];
	for (const [name, said, code] of cases) {
		it(`ends its own session by saying ${name}`, async (t) => {
			const { trunk, connection } = await rawPeer(t);
			const closed = next(connection, 'close');
			await opened(trunk);
			if (typeof said === 'string') trunk.sendMessage(said);
			else trunk.sendMessageBinary(said);
			assert.equal((await closed)[0].code, code);
		});
	}

	it('is not waited for without end when it says that it sent more than it did', async (t) => {
		const { trunk, connection } = await rawPeer(t);
		const closed = next(connection, 'close');
		await opened(trunk);
		trunk.sendMessageBinary(about('{"t":"open","n":1,"label":"x"}', 0));
		trunk.sendMessageBinary(about('{"t":"close","n":1,"last":1000}', 1));
		trunk.sendMessageBinary(about('{"t":"close","n":999,"last":5}', 2));
		trunk.sendMessageBinary(about('{"t":"bye","reason":"liar"}', 3));
		assert.equal((await closed)[0].reason, 'liar');
	});

	it('may open channels of its own, but none of which it says nothing', async (t) => {
		const { trunk, lane, plain, connection, slave } = await rawPeer(t);
		const announced = next(connection, 'datachannel');
		await opened(plain);
		plain.sendMessage('nobody hears this');
		trunk.sendMessageBinary(about('{"t":"open","n":1,"label":"mine","protocol":"chat"}'));
		const [channel] = await announced;
		assert.deepEqual([channel.label, channel.protocol, channel.ordered], ['mine', 'chat', true]);
		const arrived = messagesOf(channel);
		trunk.sendMessageBinary(messageFrame(1, 0, 'over the trunk'));
		assert.deepEqual(await arrived.count(1), ['over the trunk']);
		await opened(lane);
		lane.sendMessage('1');
		lane.sendMessage('over its own stream');
		assert.deepEqual(await arrived.count(2), ['over the trunk', 'over its own stream']);
		assert.deepEqual([slave.connections.length, connection.dataChannels.length], [1, 1]);
	});
});

describe('listeners that come late', () => {
	it('hear what arrived on a channel meanwhile', async (t) => {
		const { slaveCo, clientCo } = await sessionFor(t);
		const channels = new Inbox<unknown>();
		clientCo.on('datachannel', (channel) => {
			setTimeout(() => channel.on('message', ({ data }) => channels.put(data)), 20);
		});
		const channel = await slaveCo.createDataChannel('x');
		channel.send('early');
		assert.deepEqual(await channels.count(1), ['early']);
	});
});
