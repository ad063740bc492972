// Two versions of a video beside each other, moving together.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { clock, timecode } from '../format.js';
import { icon } from '../icons.js';
import { commandOf, isTaken } from '../player/keys.js';
import { HlsEngine } from '../player/hls.js';
import { people } from '../people/people.js';
import { approvalBadge } from '../review/approval.js';
import { teamComments } from '../review/source.js';
import { CommentThreads } from '../review/threads.js';
import { plain } from '../text.js';

/** Pictures further apart than this are brought together again. */
const DRIFT = 0.12;

export function compare({ id, other }) {
  const view = new Compare([other, id]);
  return { element: view.element, title: 'Compare versions', dispose: () => view.dispose() };
}

class Compare {
  #lifetime = new AbortController();

  constructor(ids) {
    this.sides = ids.map((id) => new Side(id, this.#lifetime.signal, (time) => this.#seek(time)));
    this.play = h('button.icon-button', { type: 'button', onclick: () => this.#toggle() });
    this.range = h('input.compare-range', { type: 'range', min: '0', max: '1', step: '0.01', value: '0', 'aria-label': 'Position', oninput: () => this.#seek(Number(this.range.value)) });
    this.time = h('span.number');
    const sound = h('select', { 'aria-label': 'Sound', onchange: () => this.#hear(Number(sound.value)) }, ['Sound of the left', 'Sound of the right'].map((label, index) => h('option', { value: index, selected: index === 1 }, label)));
    this.element = h('div.page.compare',
      h('a.back', { href: `#/videos/${ids[1]}` }, icon('chevronLeft'), 'Back to the video'),
      h('h1', 'Compare versions'),
      h('div.compare-sides', this.sides.map(({ element }) => element)),
      h('div.compare-controls', this.play, this.range, this.time, h('span.select', sound, icon('chevronDown'))));
    this.#hear(1);
    document.addEventListener('keydown', (event) => this.#key(event), { signal: this.#lifetime.signal });
    this.timer = setInterval(() => this.#together(), 250);
    this.#together();
    people.load();
  }

  dispose() {
    this.#lifetime.abort();
    clearInterval(this.timer);
    this.sides.forEach((side) => side.dispose());
  }

  get #lead() { return this.sides[1].video; }
  get #total() { return Math.max(...this.sides.map(({ video }) => (Number.isFinite(video.duration) ? video.duration : 0))); }

  #hear(index) { this.sides.forEach(({ video }, at) => { video.muted = at !== index; }); }

  #toggle() {
    const isPaused = this.#lead.paused;
    for (const { video } of this.sides) if (isPaused) video.play().catch(() => {}); else video.pause();
    this.#together();
  }

  #seek(time) {
    // How long a video is may not be known yet; that is no reason to go back to its beginning.
    for (const { video } of this.sides) video.currentTime = Math.max(0, Math.min(time, Number.isFinite(video.duration) ? video.duration : time));
    this.#together();
  }

  #together() {
    const [follower, { video: lead }] = this.sides;
    const { video } = follower;
    if (!lead.paused && !video.seeking && !video.ended && Math.abs(video.currentTime - lead.currentTime) > DRIFT) video.currentTime = lead.currentTime;
    if (this.isPaused !== lead.paused) {
      this.isPaused = lead.paused;
      fill(this.play, icon(lead.paused ? 'play' : 'pause'));
      this.play.setAttribute('aria-label', lead.paused ? 'Play both' : 'Pause both');
    }
    this.range.max = String(this.#total || 1);
    this.range.value = String(lead.currentTime);
    this.range.setAttribute('aria-valuetext', clock(lead.currentTime));
    setText(this.time, `${clock(lead.currentTime)} / ${clock(this.#total)}`);
  }

  #key(event) {
    const command = isTaken(event) ? null : commandOf(event);
    const acts = { toggle: () => this.#toggle(), seekBy: () => this.#seek(this.#lead.currentTime + command.value), seekToFraction: () => this.#seek(this.#total * command.value) };
    if (!acts[command?.name]) return;
    event.preventDefault();
    acts[command.name]();
  }
}

class Side {
  constructor(id, signal, seek) {
    Object.assign(this, { id, signal, seek });
    this.video = h('video', { playsinline: true, preload: 'auto', tabindex: '-1' });
    this.head = h('div.compare-head');
    this.notes = h('ul.compare-notes');
    this.problem = h('p.room-trouble', { role: 'alert' });
    this.element = h('section.compare-side', this.head, h('div.compare-picture', this.video), this.problem, this.notes);
    this.#load();
  }

  dispose() { this.engine?.destroy(); }

  async #load() {
    try {
      const video = await api.get(`/v1/videos/${this.id}`, { signal: this.signal });
      const name = `Version ${video.version?.number ?? 1}`;
      this.video.setAttribute('aria-label', name);
      this.element.setAttribute('aria-label', name);
      fill(this.head, h('a', { href: `#/videos/${this.id}` }, h('strong', name)), h('span', video.title), video.approval && video.approval !== 'none' && approvalBadge(video.approval));
      if (!video.playback) return setText(this.problem, 'This version cannot be played yet.');
      this.engine = new HlsEngine(this.video, video.playback.hls, async () => (await api.get(`/v1/videos/${this.id}`)).playback.hls);
      this.engine.addEventListener('fatal', ({ detail }) => setText(this.problem, detail.message));
      this.engine.start();
    } catch (error) {
      if (!this.signal.aborted) setText(this.problem, sentence(error));
      return;
    }
    this.#loadNotes();
  }

  async #loadNotes() {
    const source = teamComments(this.id);
    try {
      const threads = new CommentThreads();
      threads.replace(await source.list(this.signal));
      await people.load();
      fill(this.notes, threads.list().map(({ comment }) => h('li', h('button.timecode', { type: 'button', onclick: () => this.seek(comment.atSeconds ?? 0) }, timecode(comment.atSeconds)),
        h('span', h('strong', source.nameOf(comment.author)), ' ', comment.deletedAt ? 'deleted' : plain(comment.body, (id) => people.name(id)), comment.resolvedAt && h('span.badge.good', 'Resolved')))));
    } catch (error) {
      if (!this.signal.aborted) fill(this.notes, h('li.muted', `The comments could not be loaded. ${sentence(error)}`));
    }
  }
}
