// The list of uploads, at the lower edge of every screen.
import { h, setText } from '../dom.js';
import { percent } from '../format.js';
import { icon } from '../icons.js';
import { announce } from '../toast.js';
import { uploads } from './manager.js';
import { UploadRow } from './row.js';
import { sentBytes } from './parts.js';

/** What is finished leaves the list by itself; the library shows it from then on. */
const KEEP_DONE_MS = 20_000;

export class UploadPanel {
  #rows = new Map();
  #frame = 0;
  #announced = '';
  #onChange = () => { this.#frame ||= requestAnimationFrame(() => { this.#frame = 0; this.#draw(); }); };
  #onUploaded = ({ detail }) => setTimeout(() => uploads.dismiss(detail.key), KEEP_DONE_MS);

  constructor() {
    this.heading = h('span');
    this.list = h('ul.upload-list', { id: 'upload-list' });
    this.toggle = h('button.upload-toggle', {
      type: 'button', 'aria-expanded': true, 'aria-controls': 'upload-list',
      onclick: () => { this.open = this.list.hidden; },
    }, this.heading, icon('chevronDown'));
    this.element = h('section.uploads', { 'aria-label': 'Uploads', hidden: true }, this.toggle, this.list);
    uploads.addEventListener('change', this.#onChange);
    uploads.addEventListener('uploaded', this.#onUploaded);
    this.#draw();
  }

  set open(isOpen) {
    this.list.hidden = !isOpen;
    this.toggle.setAttribute('aria-expanded', String(isOpen));
  }

  dispose() {
    cancelAnimationFrame(this.#frame);
    uploads.removeEventListener('change', this.#onChange);
    uploads.removeEventListener('uploaded', this.#onUploaded);
  }

  #draw() {
    const entries = uploads.list.filter(({ state }) => state.phase !== 'cancelled');
    const present = new Set(entries.map(({ state }) => state.key));
    for (const [key, row] of this.#rows) {
      if (present.has(key)) continue;
      row.element.remove();
      this.#rows.delete(key);
    }
    for (const entry of entries) {
      const { key } = entry.state;
      if (!this.#rows.has(key)) {
        this.#rows.set(key, new UploadRow(key));
        this.list.prepend(this.#rows.get(key).element);
      }
      this.#rows.get(key).update(entry);
    }
    this.element.hidden = entries.length === 0;
    setText(this.heading, summary(entries));
    this.#say(entries);
  }

  /** Every tenth of the way is spoken; more would drown everything else. */
  #say(entries) {
    const sending = entries.filter(({ state }) => state.phase === 'sending');
    const total = sending.reduce((sum, { state }) => sum + state.file.size, 0);
    if (!total) return;
    const tenths = Math.floor((sending.reduce((sum, { state }) => sum + sentBytes(state), 0) / total) * 10);
    const text = `Uploading ${sending.length === 1 ? sending[0].state.title : `${sending.length} files`}: ${percent(tenths / 10)}`;
    if (text === this.#announced) return;
    this.#announced = text;
    announce(text);
  }
}

function summary(entries) {
  const count = (...phases) => entries.filter(({ state }) => phases.includes(state.phase)).length;
  const active = count('creating', 'syncing', 'sending', 'completing');
  const waiting = count('choosing', 'failed');
  if (active) return `Uploading ${active} ${active === 1 ? 'video' : 'videos'}`;
  if (waiting) return waiting === 1 ? 'An upload needs you' : `${waiting} uploads need you`;
  if (count('paused')) return 'Uploads paused';
  return 'Uploads complete';
}
