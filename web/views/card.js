// One video in the library.
import { api } from '../api.js';
import { h, setText } from '../dom.js';
import { ago, bytes, clock, percent } from '../format.js';
import { icon } from '../icons.js';

export class VideoCard {
  #poster = '';
  #renewed = false;

  constructor(video) {
    this.picture = h('img', { alt: '', loading: 'lazy', decoding: 'async', hidden: true, onerror: () => this.#renewPoster() });
    this.placeholder = h('span.card-placeholder', icon('film'));
    this.length = h('span.card-length', { hidden: true });
    this.badge = h('span.badge', { hidden: true });
    this.bar = h('i');
    this.progress = h('span.card-progress', { hidden: true, role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, this.bar);
    this.title = h('span.card-title');
    this.facts = h('span.card-facts');
    this.element = h('li.card', h('a', { href: `#/videos/${video.id}` },
      h('span.card-picture', this.placeholder, this.picture, this.badge, this.length, this.progress),
      this.title, this.facts));
    this.update(video);
  }

  update(video) {
    this.video = video;
    const isProcessing = video.state === 'processing';
    setText(this.title, video.title);
    setText(this.facts, `${ago(video.createdAt)} · ${bytes(video.bytes)}`);
    this.length.hidden = !video.durationSeconds;
    setText(this.length, clock(video.durationSeconds));
    this.element.dataset.state = video.state;
    this.badge.hidden = video.state === 'ready';
    this.badge.className = `badge ${video.state}`;
    setText(this.badge, { processing: `Processing ${percent(video.progress)}`, failed: 'Failed' }[video.state] ?? 'Uploading');
    this.progress.hidden = !isProcessing;
    this.bar.style.width = `${(video.progress ?? 0) * 100}%`;
    this.progress.setAttribute('aria-valuenow', String(Math.floor((video.progress ?? 0) * 100)));
    this.progress.setAttribute('aria-label', `Processing of ${video.title}`);
    this.#show(video.playback?.poster);
  }

  #show(poster) {
    // Every answer signs the same picture anew; loading it again would only make it flicker.
    if (!poster || this.#poster) return;
    this.#poster = poster;
    this.picture.src = poster;
    this.picture.hidden = false;
  }

  /** The signed address has expired on a page that stayed open: ask once for a new one. */
  async #renewPoster() {
    this.picture.hidden = true;
    if (this.#renewed) return;
    this.#renewed = true;
    try {
      const { playback } = await api.get(`/v1/videos/${this.video.id}`);
      this.#poster = '';
      this.#show(playback?.poster);
    } catch {
      // The placeholder stays.
    }
  }
}
