import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Directory } from '../../src/master/directory.js';
import { FanOut, type Subscriber } from '../../src/master/fan-out.js';
import type { MasterToClient } from '../../src/wire/index.js';

const TICK = 20;

class Reader implements Subscriber {
	readonly frames: (string | Buffer)[] = [];
	send(frame: string | Buffer): void {
		this.frames.push(frame);
	}
	get messages(): MasterToClient[] {
		return this.frames.map((frame) => JSON.parse(frame.toString()));
	}
	get kinds(): string {
		return this.messages.map((message) => ('seq' in message ? `${message.t} ${message.seq}` : message.t)).join(', ');
	}
}

/** A fan-out whose clock stands until the test moves it. */
function stage(t: TestContext) {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const clock = { now: 1000 };
	t.mock.method(performance, 'now', () => clock.now);
	const directory = new Directory();
	const fanOut = new FanOut(directory, TICK);
	return {
		fanOut,
		clock,
		directory,
		set(id: string, data = 'x') {
			directory.set({ id, data });
			fanOut.changed();
		},
		pass(ms: number) {
			clock.now += ms;
			t.mock.timers.tick(ms);
		},
		join() {
			const reader = new Reader();
			fanOut.join(reader);
			return reader;
		},
	};
}

describe('the fan-out', () => {
	it('sends a newcomer a snapshot at once', (t) => {
		const { join } = stage(t);
		assert.equal(join().kinds, 'snapshot 0');
	});

	it('gathers the changes of a tick into one frame, the same bytes for all', (t) => {
		const { set, pass, join } = stage(t);
		const [one, other] = [join(), join()];
		set('a');
		set('b');
		pass(TICK - 1);
		set('c');
		assert.equal(one.kinds, 'snapshot 0');
		pass(1);
		assert.equal(one.kinds, 'snapshot 0, delta 1');
		assert.equal(one.frames[1], other.frames[1], 'one encoding');
		assert.deepEqual(
			(one.messages[1] as { slaves: { id: string }[] }).slaves.map(({ id }) => id),
			['a', 'b', 'c'],
		);
	});

	it('sends nothing while nothing changes', (t) => {
		const { pass, join, fanOut } = stage(t);
		const reader = join();
		fanOut.changed();
		pass(10 * TICK);
		assert.equal(reader.frames.length, 1);
	});

	it('sends nothing when changes led back', (t) => {
		const { set, pass, join, directory, fanOut } = stage(t);
		const reader = join();
		set('a');
		directory.delete('a');
		fanOut.changed();
		pass(TICK);
		assert.equal(reader.frames.length, 1);
	});

	it('sends at most one frame a tick', (t) => {
		const { set, pass, join } = stage(t);
		const reader = join();
		for (let ms = 0; ms < 10 * TICK; ms++) {
			set('a', String(ms));
			pass(1);
		}
		assert.equal(reader.frames.length, 1 + 10);
	});

	it('lets a newcomer wait for the commit that is due, so that the next delta continues its snapshot', (t) => {
		const { set, pass, join } = stage(t);
		set('a');
		const reader = join();
		assert.equal(reader.kinds, '');
		pass(TICK);
		assert.equal(reader.kinds, 'snapshot 1');
		set('b');
		pass(TICK);
		assert.equal(reader.kinds, 'snapshot 1, delta 2');
	});

	it('sends a waiting newcomer its snapshot also when the commit has nothing to say', (t) => {
		const { set, pass, join, directory } = stage(t);
		set('a');
		directory.delete('a');
		const reader = join();
		pass(TICK);
		assert.equal(reader.kinds, 'snapshot 0');
	});

	it('sends nothing more to one that left, also while it waited', (t) => {
		const { set, pass, join, fanOut } = stage(t);
		const member = join();
		set('a');
		const waiting = join();
		fanOut.leave(member);
		fanOut.leave(waiting);
		pass(TICK);
		assert.equal(member.kinds, 'snapshot 0');
		assert.equal(waiting.kinds, '');
	});

	it('goes on with a subscriber that leaves, and others that join, while it is sending', (t) => {
		const { set, pass, join, fanOut } = stage(t);
		const leaving: Subscriber = { send: () => fanOut.leave(leaving) };
		fanOut.join(leaving);
		const other = join();
		set('a');
		pass(TICK);
		set('b');
		pass(TICK);
		assert.equal(other.kinds, 'snapshot 0, delta 1, delta 2');
	});

	it('puts the next tick off for as long as the last one took, within a second', (t) => {
		const { set, pass, join, clock, fanOut } = stage(t);
		let slow = 0;
		fanOut.join({
			send() {
				clock.now += slow;
			},
		});
		const reader = join();
		slow = 100;
		set('a');
		pass(TICK);
		slow = 5000;
		set('b');
		pass(99);
		assert.equal(reader.kinds, 'snapshot 0, delta 1');
		pass(1);
		assert.equal(reader.kinds, 'snapshot 0, delta 1, delta 2');
		set('c');
		pass(TICK);
		assert.equal(reader.kinds, 'snapshot 0, delta 1, delta 2, delta 3', 'the bound had passed while it was sending');
	});

	it('is silent once closed', (t) => {
		const { set, pass, join, fanOut } = stage(t);
		const reader = join();
		set('a');
		fanOut.close();
		pass(TICK);
		assert.equal(reader.kinds, 'snapshot 0');
	});
});
