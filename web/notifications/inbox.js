// Notifications of the person, newest first, and how many are unread. It hears of new ones by itself.
import { api } from '../api.js';
import { Emitter } from '../emitter.js';
import { follow } from '../sse.js';
import { pause } from '../timing.js';

/** The list grows to this by itself, and by each page that somebody asks for. */
const KEPT = 100;
const AGAIN_MS = 60_000;

/** Tells 'change', and 'arrived' with a notification that is new. Its ways to the server are given to it for tests. */
export class Inbox extends Emitter {
  items = [];
  unread = 0;
  cursor = null;
  most = KEPT;
  isLoaded = false;
  failure = null;

  constructor({ get = api.get, post = api.post, stream = follow } = {}) {
    super();
    Object.assign(this, { get, post, stream });
  }

  start() {
    this.lifetime = new AbortController();
    this.#listen(this.lifetime.signal);
  }

  stop() {
    this.lifetime?.abort();
    Object.assign(this, { items: [], unread: 0, cursor: null, most: KEPT, isLoaded: false, failure: null });
  }

  /** The first page, or the next one. */
  async load(isMore = false) {
    try {
      const page = await this.get(`/v1/notifications?${new URLSearchParams({ limit: 30, ...(isMore && this.cursor && { cursor: this.cursor }) })}`);
      this.most = isMore ? this.most + page.items.length : KEPT;
      this.#merge(page.items);
      this.cursor = page.nextCursor;
      this.unread = page.unread ?? this.unread;
      Object.assign(this, { isLoaded: true, failure: null });
    } catch (error) {
      this.failure = error;
    }
    this.tell('change');
  }

  /** Shown at once; the server's count replaces the guess. */
  async read(ids) {
    const now = new Date().toISOString();
    const fresh = this.items.filter((item) => ids.includes(item.id) && !item.readAt);
    for (const item of fresh) item.readAt = now;
    if (!fresh.length) return;
    this.unread = Math.max(0, this.unread - fresh.length);
    this.tell('change');
    await this.#confirm({ ids: fresh.map(({ id }) => id) });
  }

  async readAll() {
    if (!this.items.length) return;
    const now = new Date().toISOString();
    for (const item of this.items) item.readAt ??= now;
    this.unread = 0;
    this.tell('change');
    await this.#confirm({ through: this.items[0].id });
  }

  /** A notification from the stream. */
  take(item) {
    const isNew = !this.items.some(({ id }) => id === item.id);
    this.#merge([item]);
    this.tell('change');
    if (isNew && !item.readAt) this.tell('arrived', item);
  }

  async #confirm(what) {
    try {
      this.unread = (await this.post('/v1/notifications/read', what)).unread;
    } catch {
      // The next page of the list says what the server knows.
    }
    this.tell('change');
  }

  #merge(items) {
    const known = new Map(this.items.map((item) => [item.id, item]));
    for (const item of items) known.set(item.id, { ...item });
    this.items = [...known.values()].sort((a, b) => (a.at < b.at || a.at === b.at && a.id < b.id ? 1 : -1)).slice(0, this.most);
  }

  async #listen(signal) {
    while (!signal.aborted) {
      try {
        await this.stream('/v1/notifications/events', ({ event, data }) => {
          if (event === 'unread') { this.unread = JSON.parse(data).unread; this.tell('change'); }
          if (event === 'notification') this.take(JSON.parse(data));
          return false;
        }, signal);
      } catch {
        // Not there now, or not allowed: the list is still read when it is opened.
      }
      await pause(AGAIN_MS, signal).catch(() => {});
    }
  }
}

export const inbox = new Inbox();
