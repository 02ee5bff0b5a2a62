import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { data, FIN, frame, Probe, SYN, talk, WINDOW } from './support.js';

/** Cuts bytes into pieces of the given sizes, again and again. */
function cutter(sizes: number[]): (bytes: Buffer) => Buffer[] {
	let next = 0;
	return (bytes) => {
		const parts: Buffer[] = [];
		for (let at = 0; at < bytes.length; ) {
			const size = sizes[next++ % sizes.length] ?? 1;
			parts.push(bytes.subarray(at, at + size));
			at += size;
		}
		return parts;
	};
}

const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 });

const step = fc.oneof(
	fc.record({ kind: fc.constant('open' as const), from: fc.nat(1) }),
	fc.record({
		kind: fc.constant('write' as const),
		from: fc.nat(1),
		stream: fc.nat(20),
		size: fc.oneof({ weight: 3, arbitrary: fc.nat(3000) }, { weight: 1, arbitrary: fc.nat(400_000) }),
	}),
	fc.record({ kind: fc.constant('end' as const), from: fc.nat(1), stream: fc.nat(20) }),
	fc.record({ kind: fc.constant('reset' as const), from: fc.nat(1), stream: fc.nat(20) }),
	fc.record({ kind: fc.constant('talk' as const) }),
);

/** Bytes that tell where they were in their stream, and in which. */
function pattern(id: number, offset: number, size: number): Buffer {
	const bytes = Buffer.alloc(size);
	for (let i = 0; i < size; i++) bytes[i] = (id * 31 + (offset + i) * 7 + ((offset + i) >> 8)) & 0xff;
	return bytes;
}

describe('any use of a yamux session', () => {
	it('delivers what was written, whole and in order, whatever the cuts and the turns', () => {
		fc.assert(
			fc.property(
				fc.array(step, { maxLength: 60 }),
				sizes,
				fc.integer({ min: 64, max: 70_000 }),
				(steps, cuts, limit) => {
					const ends = [new Probe({ frameBytes: limit }), new Probe({ client: false, packBytes: limit })] as const;
					const written = new Map<string, number>();
					const wasReset = new Set<number>();
					for (const each of steps) {
						if (each.kind === 'talk') {
							talk(ends[0], ends[1], cutter(cuts));
							continue;
						}
						const end = ends[each.from] as Probe;
						if (each.kind === 'open') {
							end.open();
							continue;
						}
						const streams = [...end.session.streams.values()];
						const stream = streams[each.stream % Math.max(1, streams.length)];
						if (stream === undefined) continue;
						const key = `${each.from} ${stream.id}`;
						const offset = written.get(key) ?? 0;
						if (each.kind === 'write' && stream.output === 'open') {
							end.session.write(stream, pattern(stream.id, offset, each.size));
							written.set(key, offset + each.size);
						} else if (each.kind === 'end') end.session.end(stream);
						else if (each.kind === 'reset') {
							wasReset.add(stream.id);
							end.session.reset(stream);
						}
					}
					talk(ends[0], ends[1], cutter(cuts));
					for (const [key, size] of written) {
						const [from, id] = key.split(' ').map(Number) as [number, number];
						const got = Buffer.concat((ends[1 - from] as Probe).received.get(id) ?? []);
						assert.ok(got.equals(pattern(id, 0, got.length)), 'in order');
						if (!wasReset.has(id)) assert.equal(got.length, size, 'whole');
					}
					assert.ok(!ends[0].session.over && !ends[1].session.over);
				},
			),
			{ numRuns: 150 },
		);
	});

	it('never throws on garbage, whatever it is and however it comes', () => {
		const word = fc.oneof(
			fc.uint8Array({ maxLength: 40 }),
			fc
				.tuple(fc.nat(5), fc.nat(31), fc.nat(6), fc.oneof(fc.nat(30), fc.constant(0xffff_ffff), fc.nat(300_000)))
				.map(([type, flags, id, length]) => frame(type, flags, id, length)),
			fc.tuple(fc.nat(31), fc.nat(6), fc.nat(300)).map(([flags, id, size]) => data(id, Buffer.alloc(size), flags)),
		);
		fc.assert(
			fc.property(fc.array(word, { maxLength: 30 }), sizes, fc.boolean(), (words, cuts, client) => {
				const probe = new Probe({ client });
				probe.open();
				for (const part of cutter(cuts)(Buffer.concat(words))) {
					probe.receive(part);
					probe.pull();
				}
				const stops = probe.events.filter((event) => event.startsWith('stopped'));
				assert.equal(stops.length, probe.session.over ? 1 : 0);
			}),
			{ numRuns: 500 },
		);
	});

	it('leaves every other stream alone when one breaks the rules', () => {
		const breach = fc.oneof(
			fc.constant(frame(WINDOW, 0x40, 5, 0)),
			fc.constant(frame(WINDOW, SYN, 5, 0)),
			fc.constant(data(5, Buffer.alloc(256 * 1024 + 1))),
			fc.constant(Buffer.concat([frame(WINDOW, FIN, 5, 0), data(5, 'x')])),
			fc.constant(frame(WINDOW, 0, 5, 0xffff_ffff)),
			fc.nat(1000).map((size) => data(99, Buffer.alloc(size))),
		);
		fc.assert(
			fc.property(breach, sizes, fc.nat(200), (bytes, cuts, size) => {
				const server = new Probe({ client: false });
				const good = pattern(1, 0, size);
				const parts = [
					...[1, 3, 5].map((id) => frame(WINDOW, SYN, id, 0)),
					data(1, good.subarray(0, size >> 1)),
					bytes,
					data(1, good.subarray(size >> 1)),
					data(3, good),
				];
				for (const part of cutter(cuts)(Buffer.concat(parts))) server.receive(part);
				assert.ok(Buffer.concat(server.received.get(1) ?? []).equals(good));
				assert.ok(Buffer.concat(server.received.get(3) ?? []).equals(good));
				assert.ok(!server.session.over);
			}),
			{ numRuns: 200 },
		);
	});
});
