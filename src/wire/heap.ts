/** An item of a heap; whoever sets {@link gone} takes it out. */
export interface HeapItem {
	gone: boolean;
}

/** Below this many items a heap is not worth tidying. */
const SMALL = 64;

/**
 * A binary min-heap whose items are taken out by marking them, so that one item can be in several heaps. Marked items
 * go when they reach the top, or when they have become the greater half.
 */
export class Heap<Item extends HeapItem> {
	readonly #before: (a: Item, b: Item) => boolean;
	#items: Item[] = [];

	/** @param before whether `a` comes out before `b` */
	constructor(before: (a: Item, b: Item) => boolean) {
		this.#before = before;
	}

	/** How many items are held, with marked ones that are still to go. */
	get held(): number {
		return this.#items.length;
	}

	/** @param live how many items of the heap are not marked, the new one included */
	push(item: Item, live: number): void {
		this.#items.push(item);
		this.#rise(this.#items.length - 1);
		if (this.#items.length > 2 * live + SMALL) this.#tidy();
	}

	/** The first item that is not marked. */
	top(): Item | undefined {
		for (let first = this.#items[0]; first !== undefined; first = this.#items[0]) {
			if (!first.gone) return first;
			this.#removeTop();
		}
		return undefined;
	}

	#tidy(): void {
		// A sorted list is a heap.
		this.#items = this.#items.filter((item) => !item.gone).sort((a, b) => (this.#before(a, b) ? -1 : 1));
	}

	#removeTop(): void {
		const last = this.#items.pop();
		if (last === undefined || this.#items.length === 0) return;
		this.#items[0] = last;
		this.#sink(0);
	}

	#rise(index: number): void {
		for (let at = index; at > 0; ) {
			const parent = (at - 1) >> 1;
			if (!this.#swapIfBefore(at, parent)) return;
			at = parent;
		}
	}

	#sink(index: number): void {
		for (let at = index; ; ) {
			const left = 2 * at + 1;
			const [one, other] = [this.#items[left], this.#items[left + 1]];
			if (one === undefined) return;
			const child = other !== undefined && this.#before(other, one) ? left + 1 : left;
			if (!this.#swapIfBefore(child, at)) return;
			at = child;
		}
	}

	#swapIfBefore(lower: number, upper: number): boolean {
		const [a, b] = [this.#items[lower], this.#items[upper]];
		if (a === undefined || b === undefined || !this.#before(a, b)) return false;
		this.#items[upper] = a;
		this.#items[lower] = b;
		return true;
	}
}
