/**
 * Runs every test: `npm test`, or `npm test -- wire e2e/demo` for the files whose path has one of these words in it.
 *
 * `npm run check` comes first, alone: it builds what others read. The tests in real browsers come last, by themselves: a browser
 * that starts takes the processor from whoever measures time beside it. Those in networks have the machine to themselves. All parts
 * are reported as one run of node's own test runner.
 */
import { readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec as Spec, type TestEvent } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './support/e2e-built.js';
import { ensureBrowsers, ensureNetlab } from './support/e2e-install.js';

/** Test files that run at the same time: most wait for something most of the time, but browsers do not. */
const CONCURRENCY = 4;
const BROWSER_CONCURRENCY = 2;

/** How long one file may take, in milliseconds; single tests have bounds of their own where they wait for others. */
const FILE_TIMEOUT = 300_000;

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

function testFiles(words: string[]): string[] {
	const all = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
	const wanted = all.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
	return wanted.sort().map((file) => FOLDER + file);
}

const isIn = (folder: string, file: string): boolean => relative(FOLDER, file).startsWith(folder);

/** Tests with real browsers in them. */
const inBrowsers = (file: string): boolean => isIn('e2e', file) || isIn('netlab', file);

/** The test that runs `npm run check`. */
const isCheck = (file: string): boolean => relative(FOLDER, file) === 'check.test.ts';

/** The sums that node's runner gives at the end of a run, such as `pass 12`. */
const SUM = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** The events of several runs, one after the other, with one summary at the end. */
async function* inTurn(parts: string[][]): AsyncGenerator<TestEvent> {
	const sums = new Map<string, number>();
	for (const files of parts) {
		if (files.length === 0) continue;
		const isInBrowsers = files.some(inBrowsers);
		// Pages load what an installed package serves.
		if (isInBrowsers) process.env.NODE_ENV ??= 'production';
		for await (const event of run({
			files,
			concurrency: isInBrowsers ? BROWSER_CONCURRENCY : CONCURRENCY,
			timeout: FILE_TIMEOUT,
		}) as AsyncIterable<TestEvent>) {
			if (event.type === 'test:fail') process.exitCode = 1;
			const sum = event.type === 'test:diagnostic' && event.data.nesting === 0 && SUM.exec(event.data.message);
			if (sum) sums.set(String(sum[1]), (sums.get(String(sum[1])) ?? 0) + Number(sum[2]));
			else yield event;
		}
	}
	for (const [name, sum] of sums) {
		yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${sum}` } } as TestEvent;
	}
}

const files = testFiles(process.argv.slice(2));
if (files.length === 0) {
	console.error(`No test file has any of these words in its path: ${process.argv.slice(2).join(' ')}`);
	process.exit(1);
}
if (files.some(inBrowsers)) {
	ensureBrowsers();
	ensureBuilt();
}
if (files.some((file) => isIn('netlab', file))) ensureNetlab();
const parts = [
	files.filter(isCheck),
	files.filter((file) => !isCheck(file) && !inBrowsers(file)),
	files.filter((file) => isIn('e2e', file)),
	files.filter((file) => isIn('netlab', file)),
];
Readable.from(inTurn(parts)).compose(new Spec()).pipe(process.stdout);
