import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { directoryCopy, type ListedEntry } from '../../src/client/directory-copy.js';
import { Directory } from '../../src/master/directory.js';
import {
	type DirectoryEntry,
	MasterToClient,
	readHandshake,
	readMessage,
	returnProtocols,
} from '../../src/wire/index.js';

/** A client whose line may be cut: what it was told is replayed into `list`, each event checked against the one before. */
class Client {
	readonly list = new Map<string, ListedEntry>();
	/** Every event, in order. */
	readonly told: string[] = [];
	linked = false;
	/** What is on its way. */
	readonly line: string[] = [];
	#copy = directoryCopy<{ entry: ListedEntry }>(
		(entry) => ({ entry }),
		(event, { entry }) => {
			const { id } = entry;
			const known = this.list.get(id);
			assert.equal(known !== undefined, event !== 'slaveadded', `${event} out of turn`);
			assert.notDeepEqual(entry, known, 'told, but the same');
			if (event === 'slaveremoved') {
				assert.equal(entry.state, 'gone');
				this.list.delete(id);
			} else this.list.set(id, entry);
			this.told.push(`${{ slaveadded: '+', slaveupdated: '~', slaveremoved: '-' }[event]}${id}`);
		},
	);

	/** Returns the kind of answer that it was given. */
	link(directory: Directory): 'snapshot' | 'missed' {
		const [, resumed] = returnProtocols('', this.#copy);
		const { since } = readHandshake(resumed);
		const missed = since && directory.since(since);
		this.linked = true;
		this.line.push(...(missed ?? [directory.snapshot()]));
		return missed === undefined ? 'snapshot' : 'missed';
	}

	/** Lets the next message arrive. */
	deliver(): boolean {
		const frame = this.line.shift();
		if (frame === undefined) return false;
		const read = readMessage(MasterToClient, frame);
		assert.ok(read.ok, 'the frame is in the protocol');
		const { message } = read;
		if (message.t === 'snapshot' || message.t === 'delta') assert.ok(this.#copy.take(message), 'no gap');
		else if (message.t === 'resumed') assert.equal(this.#copy.seq, message.seq, 'the number is the same');
		const kept = Array.from(this.#copy.slaves, ([key, { entry }]) => [key, entry] as const);
		assert.deepEqual(new Map(kept), this.list, 'what was told is what there is');
		return true;
	}

	/** What is on its way is lost. */
	cut(): void {
		this.linked = false;
		this.line.length = 0;
	}
}

const SMALL = { historyDeltas: 5, historyLength: 3000 };

type Step =
	| { do: 'set'; id: string; data: string; state: 'unreachable' | undefined }
	| { do: 'delete'; id: string }
	| { do: 'link' | 'cut' | 'deliver'; client: number }
	| { do: 'commit' | 'restart' | 'settle' };

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__');
const client = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant('set' as const),
			id,
			data: fc.constantFrom('1', '2', 'x'.repeat(300)),
			state: fc.constantFrom('unreachable' as const, undefined),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), id }) },
	{ weight: 5, arbitrary: fc.constant({ do: 'commit' as const }) },
	{ weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), client }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('link' as const), client }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), client }) },
	{ weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
	{ weight: 1, arbitrary: fc.constant({ do: 'settle' as const }) },
);

/** A master and three clients, through any schedule. */
class World {
	directory = new Directory(SMALL);
	readonly truth = new Map<string, DirectoryEntry>();
	readonly clients = [new Client(), new Client(), new Client()];
	readonly answers = { snapshot: 0, missed: 0 };
	readonly #remembers: boolean;

	constructor(remembers: boolean) {
		this.#remembers = remembers;
	}

	take(step: Step): void {
		switch (step.do) {
			case 'set': {
				const entry = { id: step.id, data: step.data, ...(step.state && { state: step.state }) };
				this.truth.set(step.id, entry);
				this.directory.set(entry);
				return;
			}
			case 'delete':
				this.truth.delete(step.id);
				this.directory.delete(step.id);
				return;
			case 'commit':
				this.commit();
				return;
			case 'settle':
				this.directory.settle();
				return;
			case 'restart':
				this.truth.clear();
				this.directory = new Directory({ ...SMALL, settling: this.#remembers });
				for (const each of this.clients) each.cut();
				return;
			case 'cut':
				this.#client(step.client).cut();
				return;
			case 'link':
				this.#link(this.#client(step.client));
				return;
			case 'deliver':
				this.#client(step.client).deliver();
		}
	}

	commit(): void {
		const frame = this.directory.commit();
		for (const each of this.clients) if (frame !== undefined && each.linked) each.line.push(frame);
	}

	settle(): void {
		this.directory.settle();
		for (const each of this.clients) this.#link(each);
		this.commit();
		for (const each of this.clients) while (each.deliver());
	}

	#link(each: Client): void {
		if (!each.linked) this.answers[each.link(this.directory)]++;
	}

	#client(index: number): Client {
		return this.clients[index] as Client;
	}
}

describe('a client that is cut off and comes back', () => {
	for (const remembers of [false, true]) {
		it(`has the master's list in the end, ${remembers ? 'with' : 'without'} a secret at the master`, () => {
			const answers = { snapshot: 0, missed: 0 };
			fc.assert(
				fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (schedule) => {
					const world = new World(remembers);
					for (const each of schedule) world.take(each);
					world.settle();
					for (const { list } of world.clients) {
						assert.deepEqual(new Map([...list].sort()), new Map([...world.truth].sort()));
					}
					answers.snapshot += world.answers.snapshot;
					answers.missed += world.answers.missed;
				}),
				{ numRuns: 3000 },
			);
			assert.ok(answers.snapshot > 1000 && answers.missed > 1000, `both ways were taken: ${JSON.stringify(answers)}`);
		});
	}

	const entries = (...ids: string[]) => ids.map((each) => ({ id: each, data: 'x'.repeat(200) }));

	function world(remembers: boolean, ...ids: string[]): World {
		const made = new World(remembers);
		for (const entry of entries(...ids)) made.directory.set(entry);
		made.settle();
		for (const each of made.clients) each.told.length = 0;
		return made;
	}

	it('is sent just what it missed', () => {
		const { directory, clients } = world(false, 'a', 'b', 'c', 'd', 'e');
		const [one] = clients as [Client];
		one.cut();
		directory.delete('a');
		directory.commit();
		directory.set({ id: 'f', data: '1' });
		directory.commit();
		assert.equal(one.link(directory), 'missed');
		assert.deepEqual(
			one.line.map((frame) => JSON.parse(frame)),
			[
				{ t: 'delta', seq: 2, removed: ['a'] },
				{ t: 'delta', seq: 3, slaves: [{ id: 'f', data: '1' }] },
				{ t: 'resumed', seq: 3 },
			],
		);
		while (one.deliver());
		assert.deepEqual(one.told, ['-a', '+f']);
	});

	it('is sent nothing but a number when nothing changed', () => {
		const { directory, clients } = world(false, 'a');
		const [one] = clients as [Client];
		one.cut();
		one.link(directory);
		assert.deepEqual(one.line, ['{"t":"resumed","seq":1}']);
	});

	it('is sent the list when it was away too long, and told only what differs', () => {
		const { directory, clients } = world(false, 'a', 'b', 'c', 'd', 'e');
		const [one] = clients as [Client];
		one.cut();
		for (let n = 0; n <= SMALL.historyDeltas; n++) {
			directory.set({ id: 'b', data: String(n) });
			directory.commit();
		}
		directory.delete('c');
		directory.commit();
		assert.equal(one.link(directory), 'snapshot');
		while (one.deliver());
		assert.deepEqual(one.told, ['-c', '~b']);
	});

	it('is sent the list when what it missed is longer', () => {
		const { directory, clients } = world(false, 'a');
		const [one] = clients as [Client];
		one.cut();
		for (const data of ['1', '2', '3']) {
			directory.set({ id: 'a', data: data.repeat(800) });
			directory.commit();
		}
		assert.equal(one.link(directory), 'snapshot');
	});

	it('is told nothing of slaves that came back to a restarted master in time, and of the others when it has settled', () => {
		const { clients } = world(true, 'a', 'b', 'c');
		const [one] = clients as [Client];
		one.cut();
		const restarted = new Directory({ ...SMALL, settling: true });
		const [a, b] = entries('a', 'b') as [DirectoryEntry, DirectoryEntry];
		restarted.set(a);
		restarted.commit();
		one.link(restarted);
		while (one.deliver());
		assert.deepEqual(one.told, []);
		restarted.set(b);
		one.line.push(restarted.commit() ?? '');
		restarted.settle();
		one.line.push(restarted.commit() ?? '');
		while (one.deliver());
		assert.deepEqual(one.told, ['-c']);
		assert.equal(restarted.pending, false);
		assert.equal(JSON.parse(restarted.snapshot()).settled, true);
	});

	it('hears that the master has settled though it was away then', () => {
		const { clients } = world(true, 'a', 'b');
		const [one] = clients as [Client];
		one.cut();
		const restarted = new Directory({ ...SMALL, settling: true });
		restarted.set({ id: 'z', data: 'x'.repeat(500) });
		restarted.commit();
		one.link(restarted);
		while (one.deliver());
		one.cut();
		restarted.settle();
		restarted.commit();
		assert.equal(one.link(restarted), 'missed');
		while (one.deliver());
		assert.deepEqual([...one.list.keys()], ['z']);
	});
});
