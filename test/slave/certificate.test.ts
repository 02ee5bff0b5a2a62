import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Slave } from '../../src/index.js';
import { makeCertificate, ownCertificate } from '../../src/peer/node/certificate.js';
import { clientFor, coded, masterFor, runningOver, seen, slaveFor } from '../support/stage.js';
import { within } from '../support/wait.js';

/** Made by openssl: Node signs with such a key in another way than `makeCertificate` does. */
const ED25519 = {
	cert: `-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhR45gs96qLHgvZFQaWM1U0W8zNQBDAFBgMrZXAwDDEKMAgG
A1UEAwwBeDAgFw0yNjExMzAwMzA0MTRaGA8yMTI2MTEwNjAzMDQxNFowDDEKMAgG
A1UEAwwBeDAqMAUGAytlcAMhAGgTERlGDcHg2qrPjidWcFujsP8Sl1pCNyf0Kv6i
RB9ro1MwUTAdBgNVHQ4EFgQU2/fDKLtSIzeQUeRt4ZNAp6wkKsswHwYDVR0jBBgw
FoAU2/fDKLtSIzeQUeRt4ZNAp6wkKsswDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQBz2D6ap23K77+PghQFq/DmjVrb6uHcO2WrenFaIRPtcr11wZ4qmYnfZX0rGw0t
EeBbsUAd1a0DidJaBPMMnBUG
-----END CERTIFICATE-----`,
	key: `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJbdFxuTmchgM/fdxXZQt5VQ1D2twQTN6zRUq53UG9rn
-----END PRIVATE KEY-----`,
};

/** Writes both into files, which are gone after the test. */
function filesFor(t: TestContext, texts: { cert: string; key: string }): { cert: string; key: string } {
	const folder = mkdtempSync(join(tmpdir(), 'enslavism-'));
	t.after(() => rmSync(folder, { recursive: true }));
	const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
	writeFileSync(files.cert, texts.cert);
	writeFileSync(files.key, texts.key);
	return files;
}

describe('the certificate of a slave', () => {
	it('is the one in the files, which clients connect to', async (t) => {
		const { url } = await masterFor(t);
		const made = makeCertificate();
		const slave = await slaveFor(t, url, 0, undefined, { certificate: filesFor(t, made) });
		const slaveCo = await seen(clientFor(t, url), slave.id);
		assert.equal(slaveCo.entry.direct?.fingerprint, made.fingerprint);
		assert.notEqual(made.fingerprint, ownCertificate().fingerprint);
		await slaveCo.connect();
		await runningOver('rtc', slaveCo);
	});

	const wrong: [title: string, texts: { cert: string; key: string }, problem: RegExp][] = [
		['the key of another one', { ...makeCertificate(), key: makeCertificate().key }, /key is not that/],
		['a key of a curve that clients do not take', makeCertificate('P-384'), /ec secp384r1/],
		['an Ed25519 key', ED25519, /ed25519/],
		[
			'a key with a pass phrase',
			{ ...makeCertificate(), key: ED25519.key.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE') },
			/encrypted/,
		],
	];
	for (const [title, texts, problem] of wrong) {
		it(`cannot be one with ${title}`, async (t) => {
			const { url } = await masterFor(t);
			const promise = new Slave(url, 0, undefined, { certificate: filesFor(t, texts) });
			const refused = within(promise, 'the refusal');
			await assert.rejects(refused, coded('bad-option'));
			await assert.rejects(refused, problem);
		});
	}
});
