// Rooms over a line that comes and goes: resumes, fills gaps, sends again what was not acknowledged. It touches no page.
import { Emitter } from '../emitter.js';
import { Timers } from '../timers.js';
import { Gaps } from './gaps.js';
import { Outbox } from './outbox.js';
import { PASSING } from './passing.js';
import { RoomLog } from './roomlog.js';
import { Typing } from './typing.js';

const PAGE = 50;
const POLL_MS = 4000;
/** Who reads along in a busy room marks much as read: once in this time is told. */
const MARK_MS = 1000;

/**
 * Tells 'state', and of a room {roomId} 'changed', 'message' (with the entry), 'presence', 'typing', 'read', 'poll' (as the
 * frame), 'missed' (what is told once may have been, unheard), 'trouble'.
 * `connect(handlers)` gives the line; `history(roomId, query)`, `post(roomId, message)` and `markRead(roomId, seq)` go over
 * HTTP; `key()` makes a client id.
 */
export class ChatClient extends Emitter {
  rooms = new Map();
  #wanted = new Map();
  /** Rooms of a greeting that is not answered yet. */
  #greeted = null;

  constructor({ connect, history, post, markRead, clock, key }) {
    super();
    Object.assign(this, { history, markRead, clock, key });
    this.timers = new Timers(clock);
    this.connection = connect({
      rooms: () => this.#greet(),
      onFrame: (frame) => this.#hear(frame),
      onState: (state) => this.#turned(state),
    });
    this.typists = new Typing({ clock, timers: this.timers, changed: (roomId) => this.tell('typing', { roomId }) });
    this.gaps = new Gaps({ history, timers: this.timers, applied: (roomId, entry) => this.#applied(roomId, entry) });
    this.outbox = new Outbox({
      clock, post,
      transmit: (frame) => this.connection.send(frame),
      log: (roomId) => this.log(roomId),
      taken: (roomId, ack) => this.#acknowledge(roomId, ack),
      changed: (roomId) => this.tell('changed', { roomId }),
    });
  }

  start(userId) {
    this.userId = userId;
    this.connection.start();
  }

  stop() {
    this.connection.stop();
    this.timers.clear();
    this.gaps.clear();
    this.outbox.clear();
    this.rooms.clear();
    this.#wanted.clear();
  }

  get state() { return this.connection.state; }

  log(roomId) {
    if (!this.rooms.has(roomId)) this.rooms.set(roomId, Object.assign(new RoomLog(roomId), { present: [], presentCount: 0, typing: new Set() }));
    return this.rooms.get(roomId);
  }

  /** Hears of the room from now on, behind `position` where that is known. Ends with what it gives back. */
  follow(roomId, position) {
    const log = this.log(roomId);
    const isNew = log.position === null && position !== undefined;
    if (isNew) log.position = position;
    const count = (this.#wanted.get(roomId) ?? 0) + 1;
    this.#wanted.set(roomId, count);
    if (log.position !== null && (count === 1 || isNew)) this.#subscribe(log);
    return () => {
      const left = this.#wanted.get(roomId) - 1;
      if (left > 0) return this.#wanted.set(roomId, left);
      this.#wanted.delete(roomId);
      this.log(roomId).isLive = false;
      this.connection.send({ type: 'unsubscribe', roomId });
    };
  }

  /** The newest messages, once. */
  async load(roomId) {
    const log = this.log(roomId);
    if (log.isLoaded) return log;
    const isNew = log.position === null;
    log.load(await this.history(roomId, { limit: PAGE }));
    if (isNew && this.#wanted.has(roomId)) this.#subscribe(log);
    this.tell('changed', { roomId });
    return log;
  }

  async loadOlder(roomId) {
    const log = this.log(roomId);
    if (!log.hasOlder || log.loadingOlder) return;
    log.loadingOlder = true;
    try {
      log.loadOlder(await this.history(roomId, { beforeSeq: log.oldestSeq, limit: PAGE }));
    } finally {
      log.loadingOlder = false;
    }
    this.tell('changed', { roomId });
  }

  send(roomId, body, parentId) {
    this.outbox.add(roomId, this.key(), body, parentId);
  }

  retry(roomId, clientId) { this.outbox.retry(roomId, clientId); }

  discard(roomId, clientId) {
    this.log(roomId).drop(clientId);
    this.outbox.settled(clientId);
    this.tell('changed', { roomId });
  }

  typing(roomId) {
    if (this.log(roomId).isLive && this.typists.isDue()) this.connection.send({ type: 'typing', roomId });
  }

  /** Markers only grow, so a lost one is made good by the next. */
  read(roomId, seq) {
    const log = this.log(roomId);
    if (seq <= (log.readSeq ?? 0)) return;
    log.readSeq = seq;
    if (!this.timers.has(`mark ${roomId}`)) this.#mark(log);
    this.tell('read', { roomId, seq, userId: this.userId });
  }

  #mark(log) {
    const { id: roomId, readSeq: seq } = log;
    if (!log.isLive || !this.connection.send({ type: 'read', roomId, seq })) this.markRead(roomId, seq).catch(() => {});
    this.timers.after(`mark ${roomId}`, MARK_MS, () => { if (log.readSeq > seq) this.#mark(log); });
  }

  /** An entry that came over HTTP, as the answer to an edit. */
  take(roomId, entry) { this.#apply(roomId, entry); }

  /** Entries behind the last known one are looked for now; whether all of them are here then. */
  catchUp(roomId) { return this.gaps.fill(this.log(roomId)); }

  #positions() {
    return [...this.#wanted.keys()].map((id) => this.log(id)).filter(({ position }) => position !== null)
      .map(({ id, position }) => ({ id, afterSeq: position }));
  }

  #subscribe(log) { this.connection.send({ type: 'subscribe', roomId: log.id, afterSeq: log.position }); }

  #turned(state) {
    if (state !== 'online') for (const log of this.rooms.values()) log.isLive = false;
    // Also when it is there again: what was sent into the last one may be lost.
    if (state === 'waiting' || state === 'online') this.outbox.restart();
    this.tell('state', {});
    this.#poll();
  }

  #hear(frame) {
    const { roomId } = frame;
    const act = {
      // Rooms of the greeting are heard from now on; markers and typing are taken only of those.
      welcome: () => { for (const { id } of frame.rooms ?? []) this.#begin(id); this.#welcomed(); },
      subscribed: () => this.#begin(roomId),
      message: () => this.#apply(roomId, frame),
      ack: () => this.#acknowledge(roomId, frame),
      gap: () => { this.catchUp(roomId); this.tell('missed', { roomId }); },
      presence: () => { Object.assign(this.log(roomId), { present: frame.userIds, presentCount: frame.count }); this.tell('presence', frame); },
      typing: () => { if (frame.userId !== this.userId) this.typists.begin(this.log(roomId), frame.userId); },
      read: () => this.tell('read', frame),
      poll: () => this.tell('poll', frame),
      error: () => (frame.clientId ? this.outbox.refused(roomId, frame) : this.#troubled(frame)),
    }[frame.type];
    act?.();
  }

  #greet() {
    const rooms = this.#positions();
    this.#greeted = new Set(rooms.map(({ id }) => id));
    return rooms;
  }

  /** Rooms that were wanted after the greeting had gone out are asked for now. */
  #welcomed() {
    for (const { id } of this.#greeted ? this.#positions() : []) if (!this.#greeted.has(id)) this.#subscribe(this.log(id));
    this.#greeted = null;
  }

  #begin(roomId) {
    this.log(roomId).isLive = true;
    this.tell('missed', { roomId });
  }

  #troubled(frame) {
    const { roomId, code } = frame;
    if (roomId && !PASSING.has(code)) this.log(roomId).isLive = false;
    if (code !== 'not_subscribed') return this.tell('trouble', frame);
    // The server let go of the room: whether one may be in it again, or why not, its answer tells.
    if (this.#wanted.has(roomId)) this.#subscribe(this.log(roomId));
  }

  #apply(roomId, entry) {
    const outcome = this.log(roomId).apply(entry);
    if (outcome === 'gap') this.catchUp(roomId);
    if (outcome === 'applied') this.#applied(roomId, entry);
    if (outcome === 'known') this.tell('changed', { roomId });
  }

  #applied(roomId, entry) {
    this.outbox.settled(entry.clientId);
    this.typists.end(this.log(roomId), entry.author);
    this.tell('changed', { roomId });
    this.tell('message', { roomId, entry });
  }

  #acknowledge(roomId, { clientId, seq, id }) {
    this.outbox.settled(clientId);
    const outcome = this.log(roomId).acknowledge({ clientId, seq, id }, this.userId, new Date(this.clock.now()).toISOString());
    if (outcome === 'gap') this.catchUp(roomId);
    if (outcome === 'applied') this.tell('message', { roomId, entry: this.log(roomId).message(id) });
    if (outcome !== 'known') this.tell('changed', { roomId });
  }

  /** Without a line rooms are looked at over HTTP, and what waits is sent that way. */
  #poll() {
    if (this.state === 'online' || this.state === 'idle') return this.timers.cancel('poll');
    if (this.timers.has('poll')) return;
    this.timers.after('poll', POLL_MS, async () => {
      for (const roomId of [...this.#wanted.keys()]) {
        const log = this.log(roomId);
        if (log.isLoaded && await this.catchUp(roomId)) await this.outbox.deliver(roomId);
      }
      this.#poll();
    });
  }
}
