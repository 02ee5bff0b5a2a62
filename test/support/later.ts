import type { TestContext } from 'node:test';

const stacks = new WeakMap<TestContext, (() => unknown)[]>();

/** Does something after the test, the last thing first: clients stop before the server that they would look for. */
export function later(t: TestContext, end: () => unknown): void {
	const existing = stacks.get(t);
	if (existing !== undefined) {
		existing.push(end);
		return;
	}
	const stack = [end];
	stacks.set(t, stack);
	t.after(async () => {
		for (const each of stack.reverse()) await each();
	});
}
