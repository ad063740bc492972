// What happened in the team, newest first.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { dayOf } from '../format.js';
import { icon } from '../icons.js';
import { inbox } from '../notifications/inbox.js';
import { activityRow } from '../notifications/list.js';
import { people } from '../people/people.js';

const PAGE = 40;

export function feed() {
  const view = new Feed();
  return { element: view.element, title: 'Activity', dispose: () => view.dispose() };
}

class Feed {
  #lifetime = new AbortController();
  #items = [];
  #cursor = null;
  #ends;

  constructor() {
    this.list = h('div');
    this.status = h('p.library-status', { role: 'status' });
    this.more = h('button.button.more', { type: 'button', hidden: true, onclick: () => this.#load() }, 'Load more');
    this.fresh = h('button.button.small', { type: 'button', onclick: () => this.#refresh() }, icon('retry'), h('span', 'Refresh'));
    this.element = h('div.page.narrow', h('div.page-head', h('h1', 'Activity'), this.fresh), this.list, this.status, this.more);
    // What concerns the person often is in the feed too: a good moment to look.
    this.#ends = [people.on('change', () => this.#draw()), inbox.on('arrived', () => this.#refresh())];
    people.load();
    fill(this.list, h('p.muted', 'Loading…'));
    this.#load();
  }

  dispose() {
    this.#lifetime.abort();
    this.#ends.forEach((end) => end());
  }

  #refresh() {
    this.#cursor = null;
    this.#load(true);
  }

  async #load(isFresh = false) {
    this.more.disabled = true;
    try {
      const page = await api.get(`/v1/feed?${new URLSearchParams({ limit: PAGE, ...(this.#cursor && { cursor: this.#cursor }) })}`, { signal: this.#lifetime.signal });
      this.#items = isFresh ? page.items : [...this.#items, ...page.items];
      this.#cursor = page.nextCursor;
      this.isLoaded = true;
      setText(this.status, '');
      this.#draw();
    } catch (error) {
      if (this.#lifetime.signal.aborted) return;
      if (!this.#items.length) fill(this.list);
      fill(this.status, icon('alert'), `The activity could not be loaded. ${sentence(error)}`);
    }
    this.more.hidden = !this.#cursor;
    this.more.disabled = false;
  }

  #draw() {
    if (!this.isLoaded) return;
    if (!this.#items.length) return fill(this.list, h('div.empty', icon('activity'), h('h2', 'Nothing happened yet'), h('p', 'Uploads, comments, decisions and conversations of your team appear here.')));
    const days = new Map();
    for (const item of this.#items) {
      const day = dayOf(item.at);
      if (!days.has(day)) days.set(day, []);
      days.get(day).push(item);
    }
    fill(this.list, [...days].map(([day, items]) => h('section.feed-day', h('h2', day), h('ul.happenings.framed', items.map(activityRow)))));
  }
}
