// The line to the chat: opens, greets, keeps alive, and comes back. It touches no page: socket, clock, chance and token
// are given to it.
import { Timers } from '../timers.js';
import { backoff } from '../timing.js';

const WELCOME_MS = 10_000;
const HEARTBEAT_SECONDS = 25;
/** A line that held this long was good: the next failure counts as the first. */
const STEADY_MS = 5000;
const TOKEN_MARGIN_MS = 30_000;
const CLOSE = { unauthenticated: 4401, forbidden: 4403, flooding: 4429 };
const SILENT = 4000;

/** state: 'idle' | 'connecting' | 'online' | 'waiting' | 'refused' */
export class ChatConnection {
  state = 'idle';
  /** Failures since the line last held. */
  failures = 0;
  #socket = null;
  #turn = 0;

  /**
   * `open()` gives a WebSocket; `token(rejected)` resolves with {token, expiresAt} or rejects, for good if `isFinal(error)`;
   * `clock.after(ms, act)` gives back what cancels it; `rooms()` lists [{id, afterSeq}] to resume; `onFrame`, `onState` hear.
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.timers = new Timers(parts.clock);
  }

  start() { if (this.state === 'idle' || this.state === 'refused') this.#connect(); }

  stop() {
    this.#drop(1000);
    this.#become('idle');
  }

  /** The network is said to be back, or somebody does not want to wait. */
  hurry() { if (this.state === 'waiting') this.#connect(); }

  /** Whether the frame left this page. */
  send(frame) {
    if (this.state !== 'online') return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  async #connect() {
    this.#drop(1000);
    const turn = this.#turn;
    this.#become('connecting');
    let access;
    try {
      access = await this.token(this.rejected);
    } catch (error) {
      if (turn !== this.#turn) return;
      return this.isFinal(error) ? this.#become('refused') : this.#retry();
    }
    if (turn !== this.#turn) return;
    this.access = access;
    const socket = this.open();
    this.#socket = socket;
    const mine = (act) => (event) => { if (turn === this.#turn) act(event); };
    socket.onopen = mine(() => this.#hello(this.rooms()));
    socket.onmessage = mine((event) => this.#hear(event.data));
    socket.onclose = mine((event) => this.#closed(event.code));
    this.timers.after('welcome', WELCOME_MS, () => this.#closed(SILENT));
  }

  #hello(rooms) { this.#socket.send(JSON.stringify({ type: 'hello', token: this.access.token, rooms })); }

  #hear(text) {
    let frame;
    try { frame = JSON.parse(text); } catch { return; }
    if (frame.type === 'welcome' && this.state !== 'online') this.#welcomed(frame);
    this.#expectLife();
    if (frame.type === 'draining') {
      // Spread over the time that is left, or all would knock at the next server together.
      this.timers.after('drain', this.random() * (frame.afterSeconds ?? 0) * 1000, () => this.#connect());
    }
    this.onFrame(frame);
  }

  #welcomed(frame) {
    this.timers.cancel('welcome');
    this.heartbeat = (frame.heartbeatSeconds || HEARTBEAT_SECONDS) * 1000;
    this.rejected = undefined;
    this.timers.after('steady', STEADY_MS, () => { this.failures = 0; });
    this.#beat();
    this.#renewLater();
    this.#become('online');
  }

  #beat() {
    this.timers.after('beat', this.heartbeat, () => { this.send({ type: 'ping' }); this.#beat(); });
  }

  /** A dead network closes nothing by itself: silence over two heartbeats does. */
  #expectLife() {
    if (this.heartbeat) this.timers.after('life', this.heartbeat * 2.5, () => this.#closed(SILENT));
  }

  #renewLater() {
    const left = this.access.expiresAt - this.clock.now();
    if (!Number.isFinite(left)) return;
    this.timers.after('renew', Math.max(left - TOKEN_MARGIN_MS, left / 2, 1000), async () => {
      const turn = this.#turn;
      try {
        const fresh = await this.token(this.access.token);
        if (turn !== this.#turn || this.state !== 'online') return;
        this.access = fresh;
        this.#hello([]);
        this.#renewLater();
      } catch {
        // The server closes the line when the token ends; connecting again asks for one more.
      }
    });
  }

  #closed(code) {
    if (code === CLOSE.forbidden) {
      this.#drop();
      return this.#become('refused');
    }
    // The same token again would be refused again.
    if (code === CLOSE.unauthenticated) this.rejected = this.access.token;
    if (code === CLOSE.flooding) this.failures += 3;
    this.#retry();
  }

  #retry() {
    this.#drop(1000);
    this.failures += 1;
    this.#become('waiting');
    this.timers.after('retry', backoff(Math.min(this.failures, 6), this.random()), () => this.#connect());
  }

  #drop(code) {
    this.#turn += 1;
    this.timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    if (socket && code) socket.close(code);
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state);
  }
}
