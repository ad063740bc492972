// All videos of the team, newest first.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { isSettled, LiveVideos } from '../live.js';
import { mayUpload } from '../roles.js';
import { session } from '../session.js';
import { announce } from '../toast.js';
import { uploads } from '../upload/manager.js';
import { VideoCard } from './card.js';
import { filterBar } from './filters.js';

const PAGE = 24;
const FILTERS = [['', 'All'], ['ready', 'Ready'], ['processing', 'Processing'], ['failed', 'Failed']];
const EMPTY = { ready: 'No video is ready yet.', processing: 'Nothing is being processed.', failed: 'Nothing has failed.' };

export function library() {
  const view = new Library();
  return { element: view.element, title: 'Library', dispose: () => view.dispose() };
}

class Library {
  #cards = new Map();
  #lifetime = new AbortController();
  #loading = null;
  #cursor = null;
  #filter = '';

  constructor() {
    this.grid = h('ul.grid', { 'aria-label': 'Videos' });
    this.status = h('p.library-status', { role: 'status' });
    this.empty = h('div.empty', { hidden: true });
    this.more = h('button.button.more', { type: 'button', hidden: true, onclick: () => this.#load() }, 'Load more');
    const filters = filterBar({ label: 'Show', options: FILTERS, choose: (state) => this.#choose(state) });
    this.element = h('div.page.library',
      h('div.page-head', h('h1', 'Library'), filters.element),
      this.grid, this.empty, this.status, this.more);
    this.live = new LiveVideos((video) => this.#update(video));
    const { signal } = this.#lifetime;
    uploads.addEventListener('uploaded', ({ detail }) => this.#arrived(detail), { signal });
    // The next page is fetched before its place comes into view; the button stays for the keyboard.
    this.observer = new IntersectionObserver(([entry]) => { if (entry.isIntersecting && !this.more.hidden) this.#load(); }, { rootMargin: '400px' });
    this.observer.observe(this.more);
    this.#showSkeleton();
    this.#load();
  }

  dispose() {
    this.#lifetime.abort();
    this.live.dispose();
    this.observer.disconnect();
  }

  #choose(state) {
    this.#filter = state;
    this.#cards.clear();
    this.#cursor = null;
    this.#loading?.abort();
    this.#loading = null;
    this.more.hidden = true;
    this.#showSkeleton();
    this.#load();
  }

  async #load() {
    if (this.#loading) return;
    const controller = new AbortController();
    this.#loading = controller;
    this.#lifetime.signal.addEventListener('abort', () => controller.abort(), { once: true });
    const query = new URLSearchParams({ limit: PAGE });
    if (this.#cursor) query.set('cursor', this.#cursor);
    if (this.#filter) query.set('state', this.#filter);
    this.more.disabled = true;
    setText(this.status, '');
    try {
      const page = await api.get(`/v1/videos?${query}`, { signal: controller.signal });
      if (controller.signal.aborted) return;
      if (!this.#cursor) this.grid.replaceChildren(...[...this.#cards.values()].map((card) => card.element));
      this.#cursor = page.nextCursor;
      page.items.forEach((video) => this.#update(video, true));
      this.more.hidden = !this.#cursor;
      this.#showEmpty();
    } catch (error) {
      if (controller.signal.aborted) return;
      this.grid.querySelectorAll('.skeleton').forEach((node) => node.remove());
      this.more.hidden = false;
      fill(this.status, icon('alert'), sentence(error));
    } finally {
      if (this.#loading === controller) this.#loading = null;
      this.more.disabled = false;
    }
  }

  #update(video, isFromList = false) {
    const card = this.#cards.get(video.id);
    if (card) {
      if (isSettled(video) && !isSettled(card.video)) announce(`${video.title} is ${video.state === 'ready' ? 'ready' : 'not usable'}.`);
      card.update(video);
    } else if (isFromList) {
      this.#add(video, 'append');
    }
    if (!isSettled(video)) this.live.add(video.id);
  }

  #add(video, where) {
    const card = new VideoCard(video);
    this.#cards.set(video.id, card);
    this.grid[where](card.element);
  }

  /** An upload of this page has become a video. */
  async #arrived({ videoId, video }) {
    if (this.#filter === 'ready' || this.#filter === 'failed' || this.#cards.has(videoId)) return;
    try {
      const known = video ?? await api.get(`/v1/videos/${videoId}`, { signal: this.#lifetime.signal });
      if (this.#cards.has(videoId) || this.#lifetime.signal.aborted) return;
      this.#add(known, 'prepend');
      this.#update(known);
      this.#showEmpty();
    } catch {
      // The next load of the list shows it.
    }
  }

  #showSkeleton() {
    this.empty.hidden = true;
    fill(this.grid, Array.from({ length: 8 }, () => h('li.card.skeleton', { 'aria-hidden': true }, h('div.card-picture'), h('i'), h('i'))));
  }

  #showEmpty() {
    this.empty.hidden = this.#cards.size > 0 || this.#cursor !== null;
    if (this.empty.hidden) return;
    if (this.#filter) return fill(this.empty, h('p', EMPTY[this.#filter]));
    fill(this.empty, icon('film'), h('h2', 'No videos yet'), mayUpload(session.me.user)
      ? [h('p', 'Drop a video anywhere on this page. It can be watched moments after the upload, while it is still being processed.'),
        h('button.button.primary', { type: 'button', onclick: () => this.element.dispatchEvent(new Event('pick-files', { bubbles: true })) }, icon('upload'), 'Choose files')]
      : h('p', 'Videos that your team uploads appear here.'));
  }
}
