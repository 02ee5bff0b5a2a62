import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The last file that a build writes. */
const BUILT = join(ROOT, 'dist/browser/streams.mjs');

/** Builds the package, which the examples and some tests use by its name, if a source is newer than the last build. */
export function ensureBuilt(): void {
	const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
	const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((file) => `src/${file}`);
	if (!['bundler.ts', 'scripts/build.ts', ...sources].some((file) => statSync(join(ROOT, file)).mtimeMs > built))
		return;
	const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
	if (status !== 0) process.exit(1);
}
