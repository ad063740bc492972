// The search field of the header: finds while one types, and leads to all results.
import { api, sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { icon } from '../icons.js';
import { isTaken } from '../player/keys.js';
import { people } from '../people/people.js';
import { go } from '../routes.js';
import { hitRow } from './hits.js';

const WAIT_MS = 160;
const SHOWN = 7;

export class SearchField {
  #lifetime = new AbortController();
  #asking = null;
  #at = -1;

  constructor() {
    this.input = h('input.search-input', {
      type: 'search', placeholder: 'Search', 'aria-label': 'Search videos, messages, comments and people', maxlength: 256, autocomplete: 'off',
      role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': false, 'aria-controls': 'search-hits', 'aria-keyshortcuts': '/',
      oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onfocus: () => { people.load(); if (this.input.value.trim()) this.#show(true); },
    });
    this.list = h('ul.hits', { id: 'search-hits', role: 'listbox', 'aria-label': 'Results' });
    this.box = h('div.search-box', { hidden: true }, this.list);
    this.element = h('search.search', icon('search'), this.input, h('kbd', { 'aria-hidden': true }, '/'), this.box);
    const { signal } = this.#lifetime;
    document.addEventListener('pointerdown', ({ target }) => { if (!this.element.contains(target)) this.#show(false); }, { signal });
    this.element.addEventListener('focusout', ({ relatedTarget }) => { if (relatedTarget && !this.element.contains(relatedTarget)) this.#show(false); });
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || isTaken(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      if (this.element.offsetParent) this.input.select();
      else go('#/search');
    }, { signal });
  }

  dispose() {
    this.#lifetime.abort();
    clearTimeout(this.timer);
  }

  #typed() {
    clearTimeout(this.timer);
    this.#asking?.abort();
    // What is marked was found for other words.
    this.#mark(-1);
    if (!this.input.value.trim()) return this.#show(false);
    this.timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  async #ask() {
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const { items } = await api.get(`/v1/search?${new URLSearchParams({ q: this.input.value.trim(), limit: SHOWN })}`, { signal: asking.signal });
      fill(this.list, items.length ? items.map((hit) => hitRow(hit, () => this.#leave())) : h('li.muted.padded', 'Nothing found.'),
        items.length > 0 && h('li', h('a.hit-all', { href: this.#address, onclick: () => this.#leave() }, 'All results')));
    } catch (error) {
      if (asking.signal.aborted) return;
      fill(this.list, h('li.muted.padded', `Search is not available. ${sentence(error)}`));
    }
    this.#dress();
    this.#mark(-1);
    this.#show(true);
  }

  get #links() { return [...this.list.querySelectorAll('a')]; }

  /** The focus stays in the field, so what is marked is told by its id. */
  #dress() {
    for (const item of this.list.children) item.setAttribute('role', 'none');
    this.#links.forEach((link, index) => {
      link.id = `search-hit-${index}`;
      link.setAttribute('role', 'option');
    });
  }

  #mark(at) {
    this.#at = at;
    const links = this.#links;
    links.forEach((link, index) => {
      link.classList.toggle('is-at', index === at);
      link.setAttribute('aria-selected', String(index === at));
    });
    if (at < 0) return this.input.removeAttribute('aria-activedescendant');
    this.input.setAttribute('aria-activedescendant', links[at].id);
    links[at].scrollIntoView({ block: 'nearest' });
  }

  get #address() { return `#/search?${new URLSearchParams({ q: this.input.value.trim() })}`; }

  #key(event) {
    const links = this.#links;
    if (event.key === 'Escape') {
      this.#show(false);
      this.input.blur();
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && links.length && !this.box.hidden) {
      this.#mark(stepped(this.#at, event.key === 'ArrowDown' ? 1 : -1, links.length));
    } else if (event.key === 'Enter' && this.input.value.trim()) {
      const target = links[this.#at];
      go(target ? target.getAttribute('href') : this.#address);
      this.#leave();
    } else {
      return;
    }
    event.preventDefault();
  }

  #leave() {
    clearTimeout(this.timer);
    this.#asking?.abort();
    this.#show(false);
    this.#mark(-1);
    this.input.value = '';
    this.input.blur();
  }

  #show(is) {
    this.box.hidden = !is;
    this.input.setAttribute('aria-expanded', String(is));
  }
}

/** One up or down in a list that begins anew at its ends; `at` is -1 before the first step. Pure. */
export const stepped = (at, by, count) => (at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count);
