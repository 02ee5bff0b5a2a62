import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EnslavismError, PROTOCOL, pathOf, readHandshake, subprotocols, urlBelow } from '../../src/wire/index.js';
import * as LIMITS from '../../src/wire/limits.js';

const coded = (code: string) => (thrown: unknown) => thrown instanceof EnslavismError && thrown.code === code;

const token = (text: string | Uint8Array) => `auth.${Buffer.from(text).toString('base64url')}`;

describe('the subprotocols of a link', () => {
	it('name the version alone without authentication data', () => {
		assert.deepEqual(subprotocols(), ['enslavism.1']);
		assert.deepEqual(readHandshake('enslavism.1'), { ours: true, chosen: PROTOCOL, auth: {} });
	});

	it('carry authentication data, whatever JSON it is', () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 2 })), (auth) => {
				const header = subprotocols(auth).join(', ');
				assert.match(header, /^[A-Za-z0-9._, -]+$/);
				assert.deepEqual(readHandshake(header).auth, JSON.parse(JSON.stringify(auth)));
			}),
		);
	});

	it('are read whatever stands around them', () => {
		for (const header of ['enslavism.1,auth.e30', ' auth.e30 ,  enslavism.1 ', 'other, enslavism.1, auth.e30']) {
			assert.deepEqual(readHandshake(header), { ours: true, chosen: PROTOCOL, auth: {} }, header);
		}
	});

	it('of another version are not ours, and the first is chosen so that a browser hears why', () => {
		assert.deepEqual(readHandshake('enslavism.2'), { ours: false, chosen: 'enslavism.2', auth: {} });
		assert.deepEqual(readHandshake('enslavism.10, x'), { ours: false, chosen: 'enslavism.10', auth: {} });
		assert.deepEqual(readHandshake('xenslavism.1').ours, false);
		assert.deepEqual(readHandshake(undefined), { ours: false, chosen: undefined, auth: {} });
		assert.deepEqual(readHandshake(''), { ours: false, chosen: undefined, auth: {} });
	});

	it('with a token that is no object of JSON have no authentication data', () => {
		const cut = token('{"a":1}').slice(0, -2);
		const tokens = [
			'auth.',
			'auth.%%%',
			'auth.x',
			cut,
			token('null'),
			token('[]'),
			token('1'),
			token('"x"'),
			token('{'),
		];
		const bytes = token(new Uint8Array([0x7b, 0xff, 0x7d]));
		for (const each of [...tokens, bytes]) assert.equal(readHandshake(`${PROTOCOL}, ${each}`).auth, undefined, each);
	});

	it('with a token of more than 8 KiB have no authentication data', () => {
		assert.equal(readHandshake(`${PROTOCOL}, ${token(JSON.stringify({ a: 'x'.repeat(7000) }))}`).auth, undefined);
	});

	it('keep a key called __proto__ as a key', () => {
		const { auth } = readHandshake(`${PROTOCOL}, ${token('{"__proto__":{"admin":true}}')}`);
		assert.equal(Object.getPrototypeOf(auth), Object.prototype);
		assert.equal((auth as { admin?: unknown }).admin, undefined);
	});

	it('are never answered with an exception', () => {
		const text = fc.oneof(
			fc.string(),
			fc.string().map((each) => `auth.${each}`),
			fc.base64String().map((each) => `auth.${each}`),
			fc.uint8Array().map(token),
		);
		fc.assert(fc.property(fc.array(text), (tokens) => typeof readHandshake(tokens.join(',')).ours === 'boolean'));
	});
});

describe('authentication data', () => {
	const cyclic: Record<string, unknown> = {};
	cyclic.self = cyclic;
	const refused: [name: string, auth: unknown][] = [
		['a string', 'secret'],
		['a number', 1],
		['null', null],
		['an array', ['x']],
		['a function', () => {}],
		['a cycle', cyclic],
		['a BigInt inside', { id: 1n }],
		['more than 8 KiB as a token', { a: 'x'.repeat(LIMITS.authTokenLength) }],
		[
			'something that does not want to be JSON',
			{
				toJSON() {
					throw new Error('no');
				},
			},
		],
		['something that is no object as JSON', { toJSON: () => 'secret' }],
	];
	for (const [name, auth] of refused) {
		it(`is refused at its sender with bad-auth: ${name}`, () => {
			assert.throws(() => subprotocols(auth as Record<string, unknown>), coded('bad-auth'));
		});
	}

	it('is an object just within its limit', () => {
		const auth = { a: 'x'.repeat(6000) };
		assert.deepEqual(readHandshake(subprotocols(auth).join()).auth, auth);
	});
});

describe('the URL of a link', () => {
	const urls: [from: string, to: string][] = [
		['ws://localhost:8081', 'ws://localhost:8081/enslavism/clients'],
		['ws://localhost:8081/', 'ws://localhost:8081/enslavism/clients'],
		['wss://play.example', 'wss://play.example/enslavism/clients'],
		['http://localhost', 'ws://localhost/enslavism/clients'],
		['https://play.example/', 'wss://play.example/enslavism/clients'],
		['ws://[::1]:80/', 'ws://[::1]/enslavism/clients'],
		['ws://host/games//', 'ws://host/games/enslavism/clients'],
		['ws://host/games?room=1#top', 'ws://host/games/enslavism/clients?room=1'],
	];
	for (const [from, to] of urls) {
		it(`of ${from} is ${to}`, () => assert.equal(urlBelow(from, pathOf('client')), to));
	}

	it('differs for slaves', () => assert.equal(urlBelow('ws://host', pathOf('slave')), 'ws://host/enslavism/slaves'));

	for (const from of [
		'',
		'localhost',
		'localhost:8081',
		'//host',
		'ftp://host',
		'file:///x',
		'javascript:1',
		'ws://',
		'ws:',
	]) {
		it(`of "${from}" is refused with bad-url`, () => {
			assert.throws(() => urlBelow(from, pathOf('client')), coded('bad-url'));
		});
	}
});
