import { Actor } from './actor.js';
import { Chat } from './chat.js';
import { Controls } from './controls.js';
import { byId, tint } from './dom.js';
import { Hud } from './hud.js';
import { Prediction } from './prediction.js';
import { Scene } from './scene.js';
import { infoOf } from './slave-info.js';
import { Timeline } from './timeline.js';
import { Traffic } from './traffic.js';

/** @typedef {import('./master-link.js').SlaveConnection} SlaveConnection */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Welcome} Welcome */

/** How long a slave may be silent before the page says so, in milliseconds. */
const SILENCE = 1200;

/** One game, from the welcome until the player leaves or the slave is gone. */
export class Game {
	#view = byId('game');
	#canvas = byId('arena', HTMLCanvasElement);
	#session;
	#info;
	#you;
	#sparks;
	/** @type {Map<number, Actor>} */
	#actors = new Map();
	#prediction = new Prediction();
	#timeline = new Timeline();
	#traffic = new Traffic();
	#scene;
	#hud;
	#chat;
	#controls;
	#heard = performance.now();
	#shown = performance.now();
	#frame = 0;
	#measuring;
	#over;

	/**
	 * @param {SlaveConnection} slave
	 * @param {{ session: Session, welcome: Welcome }} place
	 * @param {(reason: string) => void} over called once, with the reason when the player did not choose to leave
	 */
	constructor(slave, { session, welcome }, over) {
		this.#session = session;
		this.#info = infoOf(slave);
		this.#over = over;
		this.#you = welcome.you;
		this.#sparks = welcome.sparks;
		for (const player of welcome.players) this.#actors.set(player.id, new Actor(player));
		tint(this.#view, this.#info.hue);
		this.#view.hidden = false;
		this.#scene = new Scene(this.#canvas, this.#info.hue);
		this.#hud = new Hud(this.#info);
		this.#chat = new Chat((text) => session.chat(text), this.#canvas);
		this.#controls = new Controls(this.#canvas, () => byId('hint').classList.add('known'));
		this.#hint();
		this.#showScores();
		byId('leave').onclick = () => this.#end('');
		this.#measuring = setInterval(() => void this.#measure(), 1000);
		this.#frame = requestAnimationFrame((now) => this.#draw(now));
		this.#canvas.focus({ preventScroll: true });
		session.listen({
			said: (message) => this.#said(message),
			moved: (snapshot, bytes) => this.#moved(snapshot, bytes),
			closed: (reason) => this.#end(`The game in ${this.#info.name} is over: ${reason}`),
		});
	}

	#hint() {
		const hint = byId('hint');
		hint.classList.remove('known');
		hint.textContent = matchMedia('(pointer: coarse)').matches
			? 'Drag anywhere to move, collect the sparks'
			: 'WASD or arrow keys to move, collect the sparks';
	}

	/** @param {import('./protocol.js').SlaveSays} message */
	#said(message) {
		switch (message.t) {
			case 'joined':
				this.#actors.set(message.player.id, new Actor(message.player));
				this.#chat.happened(message.player, 'joined');
				break;
			case 'left':
				this.#left(message.id);
				break;
			case 'chat': {
				const actor = this.#actors.get(message.id);
				if (actor === undefined) return;
				actor.say(message.text, performance.now());
				this.#chat.said(actor, message.text);
				return;
			}
			case 'spark':
				this.#sparkTaken(message);
		}
		this.#showScores();
	}

	/** @param {number} id */
	#left(id) {
		const actor = this.#actors.get(id);
		if (actor === undefined) return;
		this.#actors.delete(id);
		this.#chat.happened(actor, 'left');
		if (actor.placed) this.#scene.effects.burst(actor, actor.hue, 24);
	}

	/** @param {Extract<import('./protocol.js').SlaveSays, { t: 'spark' }>} message */
	#sparkTaken({ spark, x, y, by, score }) {
		const actor = this.#actors.get(by);
		const before = this.#sparks[spark];
		if (before !== undefined) this.#scene.effects.burst(before, actor?.hue ?? 46, 12);
		this.#sparks[spark] = { x, y };
		if (actor !== undefined) actor.score = score;
	}

	/** @param {import('./protocol.js').Snapshot} snapshot @param {number} bytes */
	#moved(snapshot, bytes) {
		this.#heard = performance.now();
		this.#traffic.heard(bytes, snapshot.tick);
		const newest = this.#timeline.add(snapshot, this.#heard);
		const own = snapshot.bodies.get(this.#you);
		if (newest && own !== undefined) this.#prediction.correct(own, snapshot.taken);
	}

	/** @param {number} now */
	#draw(now) {
		this.#frame = requestAnimationFrame((next) => this.#draw(next));
		this.#prediction.advance(Math.max(0, now - this.#shown), this.#controls.direction, (inputs) =>
			this.#traffic.said(this.#session.move(inputs)),
		);
		this.#shown = now;
		for (const [id, body] of this.#timeline.at(now)) {
			if (id !== this.#you) this.#actors.get(id)?.moveTo(body, now);
		}
		const own = this.#actors.get(this.#you);
		const place = this.#prediction.place;
		if (own !== undefined && place !== undefined) own.moveTo(place, now);
		const stick = this.#controls.stick;
		this.#scene.draw(now, { actors: this.#actors.values(), own, sparks: this.#sparks, stick });
	}

	async #measure() {
		this.#hud.stalled(performance.now() - this.#heard > SILENCE);
		const rates = this.#traffic.take();
		const rtt = await this.#session.rtt().catch(() => undefined);
		this.#hud.network(rtt, rates);
	}

	#showScores() {
		this.#hud.scores([...this.#actors.values()], this.#you, this.#info.capacity);
	}

	/** @param {string} reason */
	#end(reason) {
		clearInterval(this.#measuring);
		cancelAnimationFrame(this.#frame);
		this.#session.close();
		this.#controls.close();
		this.#chat.close();
		this.#view.hidden = true;
		this.#over(reason);
	}
}
