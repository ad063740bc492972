// Comments on their way: shown at once, replaced by what the server made of them, or kept with the reason it did not.
import { sentence } from '../api.js';

export class Drafts {
  #entries = new Map();
  #waiting = null;

  constructor(source, threads, changed) { Object.assign(this, { source, threads, changed }); }

  get isBusy() { return [...this.#entries.values()].some(({ comment }) => comment.state === 'sending'); }

  /** `act` runs once, when nothing is on its way any more. */
  whenDone(act) { this.#waiting = act; }

  /** Gives back the id that the comment has until the server knows it. */
  add(content) {
    const key = this.source.newKey();
    const id = `sending ${key}`;
    const comment = {
      atSeconds: null, untilSeconds: null, parentId: null, drawing: null, ...content, id, author: this.source.me,
      createdAt: new Date().toISOString(), editedAt: null, deletedAt: null, resolvedAt: null,
    };
    this.#entries.set(id, { key, content, comment });
    this.send(id);
    return id;
  }

  /** Under the same key, so that a lost answer does no harm. */
  async send(id) {
    const entry = this.#entries.get(id);
    this.#put(entry, 'sending', '');
    try {
      const taken = await this.source.add(entry.content, entry.key);
      this.#entries.delete(id);
      this.threads.remove(id);
      this.threads.put(taken);
      this.changed();
    } catch (error) {
      this.#put(entry, 'failed', sentence(error));
    }
    if (this.isBusy) return;
    this.#waiting?.();
    this.#waiting = null;
  }

  discard(id) {
    this.#entries.delete(id);
    this.threads.remove(id);
    this.changed();
  }

  /** The list was read anew: what is still on its way stays in it. */
  keep() { for (const { comment } of this.#entries.values()) this.threads.put(comment); }

  #put(entry, state, reason) {
    entry.comment = { ...entry.comment, state, reason };
    this.threads.put(entry.comment);
    this.changed();
  }
}
