// Messages on their way, in the order they were written: sent over the line a few at a time, asked again over HTTP when
// nobody answers, told apart by their client id.
import { Timers } from '../timers.js';
import { PASSING } from './passing.js';

const ACK_MS = 8000;
const TRIES = 4;
/** More at once would be refused by a server that others write to as well. */
const WINDOW = 8;

export class Outbox {
  #queue = [];
  #held = new Set();
  /** Neither taken nor refused for a while. */
  #overdue = new Set();
  /** Rooms in which such a one is asked for again: what comes after it waits. */
  #asking = new Set();
  #turn = 0;

  /** `transmit(frame)` says whether it left; `post(roomId, message)` goes over HTTP; `taken(roomId, ack)`, `changed(roomId)`. */
  constructor({ clock, transmit, post, log, taken, changed }) {
    Object.assign(this, { transmit, post, log, taken, changed });
    this.timers = new Timers(clock);
  }

  clear() {
    this.#forgetTries();
    this.#queue = [];
  }

  /** Shows the message in its room and sends it. */
  add(roomId, clientId, body, parentId) {
    const message = this.log(roomId).add(clientId, body, parentId, 'waiting');
    this.#queue.push({ roomId, message });
    this.#pump();
    this.changed(roomId);
  }

  retry(roomId, clientId) {
    const message = this.log(roomId).sending(clientId);
    if (!message) return;
    Object.assign(message, { state: 'waiting', tries: 0, reason: '' });
    this.#pump();
    this.changed(roomId);
  }

  /** The line is gone, or a new one is there: what was under way waits, and goes again in order. */
  restart() {
    this.#forgetTries();
    for (const { message } of this.#queue) if (message.state === 'sending') message.state = 'waiting';
    this.#pump();
    for (const { roomId } of this.#queue) this.changed(roomId);
  }

  /** Over HTTP, what waits in a room: one after the other, up to the first that has to wait longer. */
  async deliver(roomId) {
    for (const entry of this.#queue.filter((each) => each.roomId === roomId && each.message.state === 'waiting')) {
      // Discarded, or heard of in another way, while those before it were on their way.
      if (!this.#queue.includes(entry)) continue;
      if (entry.message.state !== 'waiting' || this.#held.has(roomId)) return;
      await this.#post(roomId, entry.message);
    }
  }

  /** The message is in the room, or is not wanted any more. */
  settled(clientId) {
    this.#answered(clientId);
    const entry = this.#queue.find(({ message }) => message.clientId === clientId);
    this.#queue = this.#queue.filter((each) => each !== entry);
    this.#pump();
    if (entry) this.#askAgain(entry.roomId);
  }

  refused(roomId, { clientId, code, detail, isPassing = PASSING.has(code) }) {
    this.#answered(clientId);
    const message = this.log(roomId).sending(clientId);
    if (!message) return;
    message.tries = (message.tries ?? 0) + 1;
    if (isPassing && message.tries < TRIES) {
      message.state = 'waiting';
      // What was written after it in the room waits with it.
      this.#held.add(roomId);
      this.timers.after(clientId, 1000 * 2 ** message.tries, () => { this.#held.delete(roomId); this.#pump(); this.changed(roomId); });
    } else {
      Object.assign(message, { state: 'failed', reason: detail || 'The message was not taken.' });
    }
    this.#pump();
    this.changed(roomId);
    this.#askAgain(roomId);
  }

  #answered(clientId) {
    this.timers.cancel(clientId);
    this.#overdue.delete(clientId);
  }

  #forgetTries() {
    this.#turn += 1;
    this.timers.clear();
    for (const set of [this.#held, this.#overdue, this.#asking]) set.clear();
  }

  #pump() {
    let under = this.#queue.filter(({ message }) => message.state === 'sending').length;
    for (const { roomId, message } of this.#queue) {
      if (under >= WINDOW) return;
      if (message.state !== 'waiting' || this.#held.has(roomId) || this.#asking.has(roomId)) continue;
      // Before the frame leaves: the answer may come at once.
      message.state = 'sending';
      if (!this.transmit({ type: 'send', roomId, ...contentOf(message) })) {
        message.state = 'waiting';
        return;
      }
      under += 1;
      // Neither taken nor refused: asked again over HTTP, which the client id makes harmless.
      if (message.state === 'sending') this.timers.after(message.clientId, ACK_MS, () => { this.#overdue.add(message.clientId); this.#askAgain(roomId); });
    }
  }

  /** Over HTTP, in the order they were written: one that nobody answered is asked for again when those before it are answered. */
  async #askAgain(roomId) {
    if (this.#asking.has(roomId)) return;
    const turn = this.#turn;
    for (let first; (first = this.#firstOverdue(roomId));) {
      this.#asking.add(roomId);
      await this.#post(roomId, first);
      // The line is another one: all that was under way goes again over it.
      if (turn !== this.#turn) return;
    }
    if (this.#asking.delete(roomId)) this.#pump();
  }

  #firstOverdue(roomId) {
    const open = this.#queue.filter((each) => each.roomId === roomId && each.message.state !== 'failed').map(({ message }) => message);
    if (open[0]?.state !== 'waiting') return this.#overdue.has(open[0]?.clientId) ? open[0] : null;
    // It has to wait, and so has what was sent behind it and is overdue.
    for (const message of open.filter(({ clientId }) => this.#overdue.has(clientId))) {
      this.#overdue.delete(message.clientId);
      message.state = 'waiting';
    }
    return null;
  }

  async #post(roomId, message) {
    try {
      this.taken(roomId, await this.post(roomId, contentOf(message)));
    } catch (error) {
      const isPassing = error.status === undefined || error.status >= 500 || error.status === 429;
      this.refused(roomId, { clientId: message.clientId, code: error.code, detail: error.message, isPassing });
    }
  }
}

const contentOf = ({ clientId, body, parentId }) => ({ clientId, body, ...(parentId && { parentId }) });
