import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { directoryCopy, type ListedEntry } from '../../src/client/directory-copy.js';
import { Directory } from '../../src/master/directory.js';
import { type DirectoryEntry, MasterToClient, readMessage } from '../../src/wire/index.js';

type Snapshot = Extract<MasterToClient, { t: 'snapshot' }>;
type Delta = Extract<MasterToClient, { t: 'delta' }>;

const entry = (id: string, data = 'a', auth?: string): DirectoryEntry =>
	auth === undefined ? { id, data } : { id, data, auth };

/** Reads what the master sends as a client does. */
function received<T extends MasterToClient['t']>(frame: string, t: T): Extract<MasterToClient, { t: T }> {
	const read = readMessage(MasterToClient, frame);
	assert.ok(read.ok, 'the frame is in the protocol');
	assert.equal(read.message.t, t);
	return read.message as Extract<MasterToClient, { t: T }>;
}

const commit = (directory: Directory): Delta => received(directory.commit() ?? 'nothing', 'delta');
const snapshot = (directory: Directory): Snapshot => received(directory.snapshot(), 'snapshot');

describe('a directory', () => {
	it('begins empty, with nothing to commit', () => {
		const directory = new Directory();
		assert.deepEqual(snapshot(directory), { t: 'snapshot', epoch: directory.epoch, seq: 0, slaves: [], settled: true });
		assert.equal(directory.pending, false);
		assert.equal(directory.commit(), undefined);
		assert.equal(directory.seq, 0);
	});

	it('gathers changes into one numbered delta', () => {
		const directory = new Directory();
		for (const id of ['a', 'b', 'c']) directory.set(entry(id));
		assert.deepEqual(commit(directory), { t: 'delta', seq: 1, slaves: ['a', 'b', 'c'].map((id) => entry(id)) });
		directory.set(entry('b', 'new'));
		directory.delete('a');
		directory.set(entry('d'));
		assert.equal(directory.pending, true);
		assert.deepEqual(commit(directory), {
			t: 'delta',
			seq: 2,
			slaves: [entry('b', 'new'), entry('d')],
			removed: ['a'],
		});
		assert.equal(directory.pending, false);
	});

	it('shows only what is committed', () => {
		const directory = new Directory();
		directory.set(entry('a'));
		assert.deepEqual(snapshot(directory).slaves, []);
		directory.commit();
		directory.delete('a');
		assert.deepEqual(snapshot(directory), {
			t: 'snapshot',
			epoch: directory.epoch,
			seq: 1,
			slaves: [entry('a')],
			settled: true,
		});
	});

	it('does not tell of changes that lead back', () => {
		const directory = new Directory();
		directory.set(entry('a'));
		directory.commit();
		directory.set(entry('a', 'other'));
		directory.set(entry('a'));
		directory.set(entry('b'));
		directory.delete('b');
		directory.delete('c');
		assert.equal(directory.commit(), undefined);
		assert.equal(directory.seq, 1);
	});

	it('tells of a slave that left and came with other data as one that stayed', () => {
		const directory = new Directory();
		directory.set(entry('a'));
		directory.commit();
		directory.delete('a');
		directory.set(entry('a', 'other'));
		assert.deepEqual(commit(directory), { t: 'delta', seq: 2, slaves: [entry('a', 'other')] });
	});

	it('encodes a snapshot once for all who ask before the next commit', () => {
		const directory = new Directory();
		directory.set(entry('a'));
		directory.commit();
		const first = directory.snapshot();
		directory.set(entry('b'));
		assert.equal(directory.snapshot(), first);
		directory.commit();
		assert.notEqual(directory.snapshot(), first);
	});

	it('has slaves with ids such as __proto__', () => {
		const directory = new Directory();
		const client = new Client(directory);
		for (const id of ['__proto__', 'constructor', '']) directory.set(entry(id));
		client.delta(commit(directory));
		assert.deepEqual([...client.list.keys()], ['__proto__', 'constructor', '']);
	});
});

/** A client that joined: what it was told is replayed into `list`, each event checked against the one before. */
class Client {
	readonly list = new Map<string, ListedEntry>();
	readonly #copy = directoryCopy<{ entry: ListedEntry }>(
		(entry) => ({ entry }),
		(event, { entry }) => {
			const known = this.list.get(entry.id);
			assert.equal(known !== undefined, event !== 'slaveadded', `${event} out of turn`);
			assert.notDeepEqual(entry, known, 'told, but the same');
			if (event === 'slaveremoved') this.list.delete(entry.id);
			else this.list.set(entry.id, entry);
		},
	);

	constructor(directory: Directory) {
		this.#copy.take(snapshot(directory));
	}

	delta(delta: Delta): boolean {
		return this.#copy.take(delta);
	}
}

type Command = { set: string; data: string; auth: string | undefined } | { delete: string } | 'commit' | 'join';

const id = fc.constantFrom('a', 'b', 'c', 'd', '__proto__');

const command: fc.Arbitrary<Command> = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({ set: id, data: fc.constantFrom('1', '2'), auth: fc.constantFrom(undefined, 'x') }),
	},
	{ weight: 3, arbitrary: fc.record({ delete: id }) },
	{ weight: 3, arbitrary: fc.constant('commit' as const) },
	{ weight: 1, arbitrary: fc.constant('join' as const) },
);

describe("a client's copy of the directory", () => {
	it("is the master's committed list after any schedule of changes, commits and joins", () => {
		fc.assert(
			fc.property(fc.array(command, { maxLength: 40 }), (schedule) => {
				const directory = new Directory();
				const model = new Map<string, DirectoryEntry>();
				let committed = new Map<string, DirectoryEntry>();
				const clients = [new Client(directory)];
				for (const step of schedule) {
					if (step === 'join') clients.push(new Client(directory));
					else if (step === 'commit') {
						const frame = directory.commit();
						committed = new Map(model);
						if (frame !== undefined) {
							for (const client of clients) assert.ok(client.delta(received(frame, 'delta')), 'no gap');
						}
					} else if ('set' in step) {
						const next = entry(step.set, step.data, step.auth);
						directory.set(next);
						model.set(next.id, next);
					} else {
						directory.delete(step.delete);
						model.delete(step.delete);
					}
					const list = new Map(snapshot(directory).slaves.map((each) => [each.id, each]));
					assert.deepEqual(list, committed);
					for (const client of clients) assert.deepEqual(client.list, committed);
				}
			}),
			{ numRuns: 3000 },
		);
	});

	it('takes no delta that is not the next one', () => {
		const directory = new Directory();
		const client = new Client(directory);
		directory.set(entry('a'));
		const first = commit(directory);
		directory.set(entry('b'));
		const second = commit(directory);
		assert.equal(client.delta(second), false);
		assert.equal(client.delta(first), true);
		assert.equal(client.delta(first), false);
		assert.equal(client.delta(second), true);
		assert.deepEqual([...client.list.keys()], ['a', 'b']);
	});

	it('takes where a slave is reached now, and tells nobody', () => {
		const told: string[] = [];
		const copy = directoryCopy<{ entry: ListedEntry }>(
			(made) => ({ entry: made }),
			(event) => told.push(event),
		);
		const direct = { fingerprint: 'AA', candidates: ['1'] };
		copy.take({ epoch: 'e', seq: 1, slaves: [entry('a')], settled: true });
		copy.take({ seq: 2, slaves: [{ ...entry('a'), direct }] });
		assert.deepEqual([copy.slaves.get('a')?.entry.direct, told], [direct, ['slaveadded']]);
		copy.take({ seq: 3, removed: ['a'] });
		assert.deepEqual([copy.slaves.size, told], [0, ['slaveadded', 'slaveremoved']]);
	});

	it('takes no delta before a snapshot', () => {
		const copy = directoryCopy<never>(
			() => assert.fail(),
			() => assert.fail(),
		);
		assert.equal(copy.take({ seq: 1, slaves: [entry('a')] }), false);
	});
});
