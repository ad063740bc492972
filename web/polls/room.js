// The polls of one room, from the server and live; votes go one after the other, so that the last one counts.
import { api, sentence } from '../api.js';
import { chat } from '../chat/live.js';
import { Emitter } from '../emitter.js';
import { oneAtATime } from '../looks.js';
import { allPages } from '../pages.js';
import { randomKey } from '../session.js';
import { PollLog } from './log.js';

/** The newest 500. */
const MOST_PAGES = 5;
/** What is told live may be lost without a word. */
const RELOAD_MS = 60_000;

/** Tells 'change', and 'made' of a poll that was asked here. */
export class RoomPolls extends Emitter {
  log = new PollLog();
  /** Why there is no list. */
  problem = '';
  #lifetime = new AbortController();
  load = oneAtATime(() => this.#read(), () => this.#lifetime.signal.aborted);
  #ends = [];
  #voting = new Set();

  constructor(roomId) {
    super();
    this.roomId = roomId;
    const on = (name, act) => this.#ends.push(chat.on(name, (frame) => { if (frame.roomId === roomId) act(frame); }));
    on('poll', (frame) => this.#change(() => this.log.hear(frame)));
    on('missed', () => this.load());
    this.timer = setInterval(() => { if (!document.hidden) this.load(); }, RELOAD_MS);
    this.load();
  }

  dispose() {
    this.#lifetime.abort();
    clearInterval(this.timer);
    this.#ends.forEach((end) => end());
  }

  async #read() {
    const { signal } = this.#lifetime;
    try {
      const polls = await allPages(`/v1/rooms/${this.roomId}/polls`, (path) => api.get(path, { signal }), MOST_PAGES);
      polls.forEach((poll) => this.log.take(poll));
      this.log.isLoaded = true;
      this.problem = '';
    } catch (error) {
      this.problem = sentence(error);
    }
    this.tell('change');
  }

  async create(draft, key) {
    const poll = await api.post(`/v1/rooms/${this.roomId}/polls`, draft, { key });
    this.#change(() => this.log.take(poll));
    this.tell('made', poll);
  }

  async close(id) {
    const poll = await api.post(`/v1/polls/${id}/close`);
    this.#change(() => this.log.take(poll));
  }

  /** Shown as chosen at once, and taken back where the server does not take it. */
  async vote(id, option) {
    if (!this.log.want(id, option)) return;
    this.tell('change');
    if (this.#voting.has(id)) return;
    this.#voting.add(id);
    try {
      for (let wanted = option; wanted !== null; wanted = this.log.wanted(id)) {
        const poll = await api.put(`/v1/polls/${id}/vote`, { option: wanted }, { key: randomKey() });
        this.#change(() => { this.log.take(poll); this.log.settle(id, wanted); });
      }
    } catch (error) {
      this.#change(() => this.log.refuse(id, `Your vote was not taken. ${sentence(error)}`));
      // It may be closed, or the answer alone was lost.
      this.load();
    } finally {
      this.#voting.delete(id);
    }
  }

  #change(act) {
    act();
    this.tell('change');
  }
}
