import fc from 'fast-check';
import { randomOf } from '../support/random.js';
import { DECODERS } from './decoders.js';
import { mutate } from './mutate.js';
import { type Recording, record } from './recording.js';

/** What a decoder did that it must not do; with this, it does it again. */
export interface Failure {
	decoder: string;
	/** In base64. */
	input: string;
	error: unknown;
}

function seedsOf(recording: Recording): Buffer[] {
	const { client, slave, toClient, toSlave, upgrades } = recording;
	const frames = [...client, ...slave, ...toClient, ...toSlave];
	const inner = frames.flatMap((frame) =>
		Object.values(JSON.parse(frame) as object).filter((each) => typeof each === 'string'),
	);
	const headers = upgrades.flatMap((request) => request.split('\r\n'));
	const control = ['{"t":"close","sent":{"1":2},"reason":"x"}', '{"t":"ping","n":1}'];
	const state = [
		'[["k",1],1,"s"]',
		'{"id":"a","clock":{"s":1}}',
		'the master is closing; come back in 100 ms',
		'u r1:x',
	];
	const introduction = ['{"type":"Join","documentIds":["a"]}', '/introduction/a', '/connection/a/b/c'];
	const list = [toClient.join('\n'), toClient.slice(3).join('\n')];
	return [...frames, ...inner, ...headers, ...control, ...state, ...introduction, ...list].map((text) =>
		Buffer.from(text),
	);
}

/** Gives every decoder damaged pieces of real sessions, and random bytes, for a while. */
export async function fuzzDecoders(seconds: number, seed: number): Promise<{ inputs: number; failures: Failure[] }> {
	const random = randomOf(seed);
	const seeds = seedsOf(await record());
	const failures: Failure[] = [];
	let inputs = 0;
	const attempt = (decoder: string, input: Buffer): void => {
		inputs++;
		try {
			DECODERS[decoder]?.(input);
		} catch (error) {
			failures.push({ decoder, input: input.toString('base64'), error });
		}
	};
	const decoders = Object.keys(DECODERS);
	for (const decoder of decoders) {
		for (const each of seeds) attempt(decoder, each);
		fc.assert(
			fc.property(
				fc.oneof(
					fc.uint8Array({ maxLength: 200 }),
					fc.json().map((text) => Buffer.from(text)),
				),
				(bytes) => attempt(decoder, Buffer.from(bytes)),
			),
			{ seed, numRuns: 300 },
		);
	}
	const until = performance.now() + seconds * 1000;
	while (performance.now() < until && failures.length < 20) {
		for (let n = 0; n < 500; n++) {
			const original = seeds[Math.floor(random() * seeds.length)] as Buffer;
			const input = mutate(original, random, seeds);
			for (const decoder of decoders) attempt(decoder, input);
		}
	}
	return { inputs, failures };
}
