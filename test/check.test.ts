import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

it('"npm run check" finds nothing: style, types, unused code, the package, sizes', { timeout: 170_000 }, async () => {
	try {
		await promisify(execFile)('npm', ['run', 'check'], { cwd: ROOT, maxBuffer: 2 ** 26 });
	} catch (failed) {
		const { stdout, stderr } = failed as { stdout: string; stderr: string };
		assert.fail(`${stdout}\n${stderr}`);
	}
});
