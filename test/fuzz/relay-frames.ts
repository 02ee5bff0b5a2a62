/** What strangers say in the binary frames of a link: yamux, more or less. */

/** Ids of streams that are used: few, so that they meet. */
const IDS = [0, 1, 1, 1, 2, 3, 5, 7, 0xffff_ffff];

/** Some frames, cut anywhere; now and then the stream of a session, as a client opens it. */
export function relayFrames(random: () => number, session: string): Buffer {
	const upTo = (most: number): number => Math.floor(random() * most);
	const frames: Buffer[] = [];
	for (let left = 1 + upTo(5); left > 0; left--) {
		const id = IDS[upTo(IDS.length)] as number;
		const open = Buffer.concat([Buffer.of(session.length), Buffer.from(session), Buffer.alloc(upTo(40), upTo(256))]);
		const data = upTo(3) === 0 ? open : Buffer.alloc(upTo(8) === 0 ? upTo(30_000) : upTo(30), upTo(256));
		const isData = upTo(2) === 0;
		const header = Buffer.alloc(12);
		header[0] = upTo(200) === 0 ? 1 : 0;
		header[1] = isData ? 0 : upTo(60) === 0 ? upTo(256) : 1 + upTo(2);
		header.writeUInt16BE(upTo(2) === 0 ? 1 : upTo(16), 2);
		header.writeUInt32BE(header[1] === 2 ? 0 : id, 4);
		header.writeUInt32BE(isData && upTo(20) > 0 ? data.length : upTo(2 ** (1 + upTo(32))), 8);
		frames.push(header);
		if (isData) frames.push(data);
	}
	const all = Buffer.concat(frames);
	return upTo(10) === 0 ? all.subarray(upTo(all.length)) : all;
}
