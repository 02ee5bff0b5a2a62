/** Memory that small pieces are copied into together, and the first such memory of an empty queue. */
const BLOCK_BYTES = 4096;
const FIRST_BLOCK_BYTES = 256;
/**
 * Bytes that arrived and nobody has asked for. What waits takes about as much memory as it has bytes: small pieces
 * are copied together, and so is a piece of a much larger buffer, which it would keep alive.
 */
export class ByteQueue {
    /** Bytes that wait. */
    bytes = 0;
    #pieces = [];
    #next = 0;
    /** The block behind the last piece, and how much of it is used. */
    #block;
    #used = 0;
    push(bytes) {
        this.bytes += bytes.length;
        if (bytes.length >= BLOCK_BYTES) {
            this.#block = undefined;
            const isMost = bytes.length * 2 >= bytes.buffer.byteLength;
            this.#pieces.push(isMost ? bytes : new Uint8Array(bytes));
            return;
        }
        for (let at = 0; at < bytes.length;)
            at += this.#copy(at === 0 ? bytes : bytes.subarray(at));
    }
    /** Takes out the next piece. */
    shift() {
        const piece = this.#pieces[this.#next];
        if (piece === undefined)
            return undefined;
        this.bytes -= piece.length;
        if (++this.#next === this.#pieces.length)
            this.clear();
        else if (this.#next >= 1024) {
            this.#pieces = this.#pieces.slice(this.#next);
            this.#next = 0;
        }
        return piece;
    }
    clear() {
        this.bytes = 0;
        this.#pieces = [];
        this.#next = 0;
        this.#block = undefined;
    }
    /** Copies as much as the last block has room for; gives how much that was. */
    #copy(bytes) {
        let block = this.#block;
        if (block === undefined || this.#used === block.length) {
            block = new Uint8Array(this.#pieces.length === 0 ? FIRST_BLOCK_BYTES : BLOCK_BYTES);
            this.#block = block;
            this.#used = 0;
            this.#pieces.push(block);
        }
        const part = bytes.subarray(0, block.length - this.#used);
        block.set(part, this.#used);
        this.#used += part.length;
        this.#pieces[this.#pieces.length - 1] = block.subarray(0, this.#used);
        return part.length;
    }
}
//# sourceMappingURL=byte-queue.js.map