// All results of a search, by kind.
import { api, sentence } from '../api.js';
import { rooms } from '../chat/rooms.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { people } from '../people/people.js';
import { hitRow, KINDS } from '../search/hits.js';
import { filterBar } from './filters.js';

const PAGE = 30;
const WAIT_MS = 200;

export function search(parameters, query) {
  const view = new Search(query);
  return { element: view.element, title: 'Search', dispose: () => view.dispose() };
}

class Search {
  #asking = new AbortController();
  #hits = [];
  #cursor = null;
  #ends;

  constructor(query) {
    this.kind = query.get('kind') ?? '';
    this.input = h('input', { type: 'search', value: query.get('q') ?? '', maxlength: 256, autofocus: true, 'aria-label': 'Search', placeholder: 'Words, names, "a phrase"', oninput: () => this.#typed() });
    const filters = filterBar({ label: 'Kind', options: KINDS, chosen: this.kind, choose: (kind) => { this.kind = kind; this.#again(); } });
    this.list = h('ul.hits.framed', { 'aria-label': 'Results' });
    this.status = h('p.search-status', { role: 'status' });
    this.more = h('button.button.more', { type: 'button', hidden: true, onclick: () => this.#ask(true) }, 'Load more');
    this.element = h('div.page.narrow', h('div.page-head', h('h1', 'Search')),
      h('div.search-line', icon('search'), this.input), h('div.filter-row', filters.element), this.status, this.list, this.more,
      h('p.search-help', 'A word may be begun (', h('code', 'quart*'), ') or have a slip in it. Narrow down with ', h('code', 'author:me'), ', ', h('code', 'kind:message'), ', ', h('code', 'after:2026-01-31'), ' or ', h('code', '"a phrase"'), '.'));
    this.#ends = [people.on('change', () => this.#draw()), rooms.on('change', () => this.#draw())];
    people.load();
    rooms.load().catch(() => {});
    this.#ask();
  }

  dispose() {
    this.#asking.abort();
    clearTimeout(this.timer);
    this.#ends.forEach((end) => end());
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#again(), WAIT_MS);
  }

  #again() {
    const words = new URLSearchParams({ q: this.input.value.trim(), ...(this.kind && { kind: this.kind }) });
    // The address keeps the search without a new screen for every letter.
    history.replaceState(null, '', `#/search?${words}`);
    this.#ask();
  }

  async #ask(isMore = false) {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const text = this.input.value.trim();
    if (!isMore) this.#cursor = null;
    if (!text) {
      this.#hits = [];
      this.more.hidden = true;
      setText(this.status, '');
      return this.#draw();
    }
    try {
      const page = await api.get(`/v1/search?${new URLSearchParams({ q: text, limit: PAGE, ...(this.kind && { kind: this.kind }), ...(this.#cursor && { cursor: this.#cursor }) })}`, { signal: asking.signal });
      this.#hits = isMore ? [...this.#hits, ...page.items] : page.items;
      this.#cursor = page.nextCursor;
      setText(this.status, this.#hits.length ? `${this.#hits.length}${this.#cursor ? ' or more' : ''} ${this.#hits.length === 1 ? 'result' : 'results'}` : `Nothing found for “${text}”.`);
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!isMore) this.#hits = [];
      setText(this.status, error.status === 400 ? sentence(error) : `The search failed. ${sentence(error)}`);
    }
    this.more.hidden = !this.#cursor;
    this.#draw();
  }

  #draw() {
    this.list.hidden = this.#hits.length === 0;
    fill(this.list, this.#hits.map((hit) => hitRow(hit)));
  }
}
