import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BOUND, inEachBrowser, run } from '../support/browsers.js';
import '../support/e2e-globals.js';

inEachBrowser('a page that writes the answer of a slave itself', (suite) => {
	it('connects with its first attempt, and takes messages as large as the slave does', BOUND, async () => {
		const site = await suite.site();
		const slave = await site.slave('one');
		slave.on('connection', (client) =>
			client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data))),
		);
		const page = await suite.page(site.url);
		const result = await run(page, async () => {
			await meet();
			const Native = RTCPeerConnection;
			const answers: (string | undefined)[] = [];
			globalThis.RTCPeerConnection = class extends Native {
				override setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
					answers.push(answer.sdp);
					return super.setRemoteDescription(answer);
				}
			};
			const channel = await slaveCo.createDataChannel('x', { early: false });
			const length = await new Promise((resolve) => {
				channel.on('message', ({ data }) => resolve((data as ArrayBuffer).byteLength));
				channel.send(new Uint8Array(channel.maxMessageSize));
			});
			return { path: slaveCo.path, answers, isWhole: length === channel.maxMessageSize, length };
		});
		const { path, answers, isWhole, length } = result;
		assert.deepEqual([path, answers.length, isWhole], ['rtc', 1, true]);
		assert.ok(Number(length) > 200_000, String(length));
		const lines = (answers[0] ?? '').trimEnd().split('\r\n');
		// One of each of the lines that are the slave's own.
		for (const name of ['setup', 'max-message-size', 'ice-ufrag', 'ice-pwd', 'fingerprint', 'end-of-candidates']) {
			assert.equal(lines.filter((line) => line.startsWith(`a=${name}`)).length, 1, name);
		}
		assert.ok(lines.includes('a=setup:passive'));
		assert.ok(lines.some((line) => line.startsWith('a=candidate:')));
	});
});
