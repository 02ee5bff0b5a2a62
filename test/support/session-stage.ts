/** One end of a session whose paths and clock a test has in its hands. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Channel } from '../../src/peer/channel.js';
import type { DataChannelOptions } from '../../src/peer/rtc.js';
import { Session, type SessionOptions } from '../../src/peer/session.js';
import type { EnslavismError } from '../../src/wire/index.js';
import * as WAITS from '../../src/wire/waits.js';
import { type FakePipe, fakeHost, fakeRelay } from './fake-rtc.js';

/** A session on fake paths, and a clock that stands until the test moves it. */
export function stage(t: TestContext, options: Partial<SessionOptions> = {}) {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	t.mock.method(Math, 'random', () => 0.5);
	let now = 1000;
	t.mock.method(performance, 'now', () => now);
	const host = fakeHost();
	const relay = fakeRelay();
	const signals: string[] = [];
	const session = new Session({
		createPeer: host.createPeer,
		rtc: () => ({ iceServers: [] }),
		makes: 'offer',
		timeout: WAITS.connect,
		openRelay: relay.open,
		signals: {
			description: (type, sdp, attempt) => signals.push(`${type} ${attempt}${sdp === undefined ? ' bare' : ''}`),
			candidate: ({ candidate }, attempt) => signals.push(`${candidate} ${attempt}`),
		},
		...options,
	});
	const closes: EnslavismError[] = [];
	const paths: unknown[] = [];
	const announced: Channel[] = [];
	session.on('close', (error) => closes.push(error));
	session.on('path', (path) => paths.push(path));
	session.on('datachannel', (channel) => announced.push(channel));
	return {
		session,
		host,
		relay,
		signals,
		closes,
		paths,
		announced,
		codes: () => closes.map(({ code }) => code),
		pass(ms: number): void {
			for (let step = 0; step < ms; step += 10) {
				now += Math.min(10, ms - step);
				t.mock.timers.tick(Math.min(10, ms - step));
			}
		},
		/** Begins; the host describes itself, and the way through the master is open. */
		begin(): void {
			session.start();
			host.peer().describe('offer');
		},
		/** Opens it over the relay. */
		openRelay(): FakePipe {
			session.start();
			host.peer().describe('offer');
			session.paths.accept();
			assert.equal(session.path, 'relay');
			return relay.pipe();
		},
		/** Opens it over WebRTC alone. */
		openRtc() {
			relay.up = false;
			session.start();
			host.peer().describe('offer');
			session.paths.accept();
			const trunk = host.peer().open();
			assert.equal(session.path, 'rtc');
			return trunk;
		},
		/** A channel of this end, and its number. */
		async channel(name = 'x', channelOptions: DataChannelOptions = {}) {
			const channel = await session.createDataChannel(name, channelOptions);
			const heard: unknown[] = [];
			channel.on('message', ({ data }) => heard.push(data));
			return Object.assign(channel, { heard });
		},
	};
}
