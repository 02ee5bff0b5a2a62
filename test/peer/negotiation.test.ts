import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BareCandidate, Negotiation, type Step } from '../../src/peer/negotiation.js';
import * as LIMITS from '../../src/wire/limits.js';

const candidate = (n: number | string): BareCandidate => ({ candidate: `candidate:${n}`, mid: '0' });

const short = (steps: Step[]) =>
	steps.map((step) => {
		const way = step.send ? 'send' : 'apply';
		return 'sdp' in step ? `${way}-description ${step.sdp}` : `${way}-candidate ${step.candidate.candidate}`;
	});

describe('a negotiation', () => {
	it('sends its description first, then the candidates that waited, then others at once', () => {
		const client = new Negotiation('offer');
		assert.deepEqual(client.localCandidate(candidate(1)), []);
		assert.deepEqual(client.localCandidate(candidate(2)), []);
		assert.deepEqual(short(client.localDescription('offer', 'mine')), [
			'send-description mine',
			'send-candidate candidate:1',
			'send-candidate candidate:2',
		]);
		assert.deepEqual(short(client.localCandidate(candidate(3))), ['send-candidate candidate:3']);
	});

	it("applies the other end's description first, then the candidates that waited, then others at once", () => {
		const client = new Negotiation('offer');
		assert.deepEqual(client.remoteCandidate(candidate(1)), []);
		assert.deepEqual(short(client.remoteDescription('answer', 'yours')), [
			'apply-description yours',
			'apply-candidate candidate:1',
		]);
		assert.deepEqual(short(client.remoteCandidate(candidate(2))), ['apply-candidate candidate:2']);
	});

	it('takes one description of each end, of the right type', () => {
		for (const [local, remote] of [['offer', 'answer'] as const, ['answer', 'offer'] as const]) {
			const end = new Negotiation(local);
			assert.deepEqual(end.localDescription(remote, 'x'), []);
			assert.deepEqual(end.remoteDescription(local, 'x'), []);
			assert.equal(end.localDescription(local, 'x').length, 1);
			assert.equal(end.remoteDescription(remote, 'x').length, 1);
			assert.deepEqual(end.localDescription(local, 'again'), []);
			assert.deepEqual(end.remoteDescription(remote, 'again'), []);
		}
	});

	it('says in its offer, and nowhere else, that the client begins the DTLS handshake', () => {
		const sdp = 'v=0\r\na=setup:actpass\r\n';
		const sdpOf = ([step]: Step[]) => (step !== undefined && 'sdp' in step ? step.sdp : undefined);
		assert.equal(sdpOf(new Negotiation('offer').localDescription('offer', sdp)), 'v=0\r\na=setup:active\r\n');
		assert.equal(sdpOf(new Negotiation('answer').localDescription('answer', sdp)), sdp);
		assert.equal(sdpOf(new Negotiation('answer').remoteDescription('offer', sdp)), sdp);
	});

	it('sends and takes no more candidates than the bound, however they come', () => {
		for (const early of [0, 10, LIMITS.candidatesPerSession + 10]) {
			const end = new Negotiation('offer');
			const steps: Step[] = [];
			for (let n = 0; n < LIMITS.candidatesPerSession + 20; n++) {
				if (n === early) steps.push(...end.localDescription('offer', 'x'), ...end.remoteDescription('answer', 'x'));
				steps.push(...end.localCandidate(candidate(n)), ...end.remoteCandidate(candidate(n)));
			}
			const count = (kind: string) => short(steps).filter((step) => step.startsWith(kind)).length;
			assert.equal(count('send-candidate'), LIMITS.candidatesPerSession);
			assert.equal(count('apply-candidate'), LIMITS.candidatesPerSession);
		}
	});

	it('keeps the order of everything, in any schedule', () => {
		const step = fc.constantFrom('local', 'remote', 'localCandidate', 'remoteCandidate');
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), (schedule) => {
				const end = new Negotiation('answer');
				const steps: Step[] = [];
				let n = 0;
				for (const each of schedule) {
					if (each === 'local') steps.push(...end.localDescription('answer', 'mine'));
					else if (each === 'remote') steps.push(...end.remoteDescription('offer', 'yours'));
					else steps.push(...end[each](candidate(String(n++).padStart(3, '0'))));
				}
				for (const kind of ['send', 'apply']) {
					const own = short(steps).filter((each) => each.startsWith(kind));
					assert.ok(own.length === 0 || own[0]?.startsWith(`${kind}-description`));
					assert.deepEqual(own.slice(1), own.slice(1).sort());
					assert.equal(own.filter((each) => each.includes('description')).length, Math.min(own.length, 1));
				}
			}),
			{ numRuns: 500 },
		);
	});
});
