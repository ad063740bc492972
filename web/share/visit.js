// What a guest asks the server for: to be let in, how the video is, and what is said about it. It touches no page.
import { allPages } from '../pages.js';
import { randomKey } from '../session.js';
import { request } from './request.js';

export class Visit {
  #base;
  #link = null;
  /** What was asked for last and not answered: {said, key} */
  #entry = null;
  #headers = null;

  constructor(token) { this.#base = `/v1/shared/${encodeURIComponent(token)}`; }

  /** Asked once: when a lost answer let somebody in by the last view, the server calls the link ended. */
  async link() {
    this.#link ??= await request(this.#base);
    return this.#link;
  }

  /** Counts a view. Until it is answered, the same words ask for the same view: only the answer may have been lost. */
  async enter(words) {
    const said = JSON.stringify(words);
    if (this.#entry?.said !== said) this.#entry = { said, key: randomKey() };
    try {
      const entry = await request(`${this.#base}/views`, { method: 'POST', headers: { 'Idempotency-Key': this.#entry.key }, body: words });
      this.#headers = { Authorization: `Guest ${entry.guestToken}` };
      this.#entry = null;
      return entry;
    } catch (error) {
      // The view under this key is over.
      if (error.status === 401) this.#entry = null;
      throw error;
    }
  }

  /** As it is now, under new addresses; no view is counted. */
  video() { return request(`${this.#base}/video`, { headers: this.#headers }); }

  comments(signal) { return allPages(`${this.#base}/comments`, (path) => request(path, { headers: this.#headers, signal })); }

  comment(comment, key) {
    return request(`${this.#base}/comments`, { method: 'POST', headers: { ...this.#headers, 'Idempotency-Key': key }, body: comment });
  }
}
