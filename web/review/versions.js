// The versions of a video: which one this is, the others, comparing, and adding the next.
import { api, sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { ago } from '../format.js';
import { icon } from '../icons.js';
import { mayTakePart } from '../roles.js';
import { go } from '../routes.js';
import { session } from '../session.js';
import { toast } from '../toast.js';
import { uploads } from '../upload/manager.js';

export class Versions {
  #lifetime = new AbortController();

  constructor(video) {
    this.video = video;
    this.picker = h('input.visually-hidden', {
      type: 'file', accept: 'video/*,.mkv,.mov,.ts', tabindex: '-1', 'aria-hidden': true,
      onchange: () => this.#add(),
    });
    this.menu = h('div.version-menu');
    this.element = h('div.versions', this.menu,
      mayTakePart(session.me.user) && h('button.button.small', { type: 'button', onclick: () => this.picker.click() }, icon('plus'), h('span', 'New version')), this.picker);
    uploads.addEventListener('uploaded', ({ detail }) => { if (detail.versionOf === this.video.id) this.reload(); }, { signal: this.#lifetime.signal });
    this.reload();
  }

  dispose() { this.#lifetime.abort(); }

  async reload() {
    try {
      const { items } = await api.get(`/v1/videos/${this.video.id}/versions`, { signal: this.#lifetime.signal });
      this.#draw(items);
    } catch (error) {
      if (this.#lifetime.signal.aborted) return;
      fill(this.menu, h('span.muted', { title: sentence(error) }, 'Versions unavailable'));
    }
  }

  #draw(items) {
    const numberOf = (video) => video.version?.number ?? 1;
    if (items.length < 2) return fill(this.menu, h('span.badge.plain', `Version ${numberOf(this.video)}`));
    const select = h('select', { 'aria-label': 'Version', onchange: () => go(`#/videos/${select.value}`) },
      items.map((video) => h('option', { value: video.id, selected: video.id === this.video.id },
        `Version ${numberOf(video)}${video.version?.isLatest ? ' (latest)' : ''} · ${ago(video.createdAt)}`)));
    const other = items.find((video) => video.id !== this.video.id && numberOf(video) < numberOf(this.video)) ?? items.find((video) => video.id !== this.video.id);
    fill(this.menu, h('span.select', select, icon('chevronDown')),
      h('a.button.small', { href: `#/videos/${this.video.id}/compare/${other.id}` }, icon('compare'), h('span', 'Compare')));
  }

  #add() {
    if (this.picker.files.length === 0) return;
    uploads.add([this.picker.files[0]], { versionOf: this.video.id });
    this.picker.value = '';
    toast('The new version is being uploaded. Comments stay on this one.');
  }
}
