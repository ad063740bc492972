// Who belongs to the team: names for ids, and whom a beginning of a name may mean.
import { api } from '../api.js';
import { Emitter } from '../emitter.js';
import { session } from '../session.js';

const PAGE = 100;
const MOST_PAGES = 20;

export class People extends Emitter {
  #byId = new Map();
  #loading = null;
  /** Not found by the last look, and asked for since. */
  #gone = new Set();
  #asked = new Set();

  get list() { return [...this.#byId.values()]; }

  /** Once; later calls wait for the same answer. A failure leaves the names empty and the next call tries again. */
  load() {
    this.#loading ??= this.#fetch().catch(() => { this.#loading = null; });
    return this.#loading;
  }

  /** "Former member" for somebody who left; somebody new is looked up. */
  name(id) {
    // Guests know whom they have read.
    if (!session.me) return this.#byId.get(id)?.name ?? 'Team member';
    if (id === session.me.user.id) return session.me.user.name;
    const known = this.#byId.get(id);
    if (known) return known.name;
    if (this.#gone.has(id)) return 'Former member';
    this.#lookFor(id);
    return '…';
  }

  /** All who are asked for meanwhile are found by one look. */
  async #lookFor(id) {
    this.#asked.add(id);
    if (this.#asked.size > 1) return;
    await this.#loading;
    const hasLooked = this.#byId.has(id) || await this.#fetch().then(() => true, () => false);
    const asked = [...this.#asked];
    this.#asked.clear();
    // Who was not found because nobody answered is looked for again when the name is needed next.
    if (!hasLooked) return;
    for (const each of asked) if (!this.#byId.has(each)) this.#gone.add(each);
    this.tell('change');
  }

  /** Somebody whose name came with what they said. */
  meet(id, name) { this.#byId.set(id, { id, name }); }

  clear() {
    this.#byId.clear();
    this.#loading = null;
    this.#gone.clear();
  }

  async #fetch() {
    let cursor = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await api.get(`/v1/users?${new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) })}`);
      for (const user of answer.items) this.#byId.set(user.id, user);
      cursor = answer.nextCursor;
      if (!cursor) break;
    }
    this.tell('change');
  }
}

export const people = new People();

/** People whose name, or a later part of it, begins with the query; the first `most`. Pure. */
export function matching(list, query, most = 6) {
  const wanted = query.toLocaleLowerCase();
  return list.filter(({ name, email }) => {
    const folded = name.toLocaleLowerCase();
    return folded.startsWith(wanted) || folded.split(/\s+/).some((word) => word.startsWith(wanted)) || email?.toLocaleLowerCase().startsWith(wanted);
  }).sort((a, b) => a.name.localeCompare(b.name)).slice(0, most);
}
