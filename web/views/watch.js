// One video: the player, or how far it is, or why it failed.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { ago, bytes, clock, percent } from '../format.js';
import { icon } from '../icons.js';
import { followVideo, isSettled } from '../live.js';
import { HELP } from '../player/keys.js';
import { Player } from '../player/player.js';
import { mayEdit } from '../roles.js';
import { go } from '../routes.js';
import { session } from '../session.js';
import { toast } from '../toast.js';
import { confirmAction, showDialog } from './dialog.js';
import { TitleEditor } from './title.js';

export function watch({ id }) {
  const view = new Watch(id);
  return {
    element: view.element, title: 'Video', dispose: () => view.dispose(),
    onTitle: (listener) => { view.onTitle = listener; },
  };
}

class Watch {
  #lifetime = new AbortController();

  constructor(id) {
    this.id = id;
    this.stage = h('div.stage', h('div.stage-wait', h('div.player-spinner')));
    this.title = new TitleEditor({ save: (title) => this.#rename(title) });
    this.state = h('div.watch-state', { 'aria-live': 'polite' });
    this.facts = h('dl.facts');
    this.remove = h('button.button.quiet', { type: 'button', hidden: true, onclick: () => this.#confirmDelete() }, icon('trash'), 'Delete');
    this.element = h('div.page.watch',
      h('a.back', { href: '#/' }, icon('chevronLeft'), 'Library'),
      this.stage,
      h('div.watch-head', this.title.element, this.remove),
      this.state, this.facts);
    this.#start();
  }

  dispose() {
    this.#lifetime.abort();
    this.player?.destroy();
  }

  async #start() {
    const { signal } = this.#lifetime;
    try {
      const video = await api.get(`/v1/videos/${this.id}`, { signal });
      this.#show(video);
      if (!isSettled(video)) await followVideo(this.id, (next) => this.#show(next), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 404 || error.status === 403) this.#showGone();
      else if (!this.video) this.#showTrouble(error);
    }
  }

  #show(video) {
    this.video = video;
    const canEdit = mayEdit(session.me.user, video);
    this.title.update(video.title, canEdit);
    this.onTitle?.(video.title);
    this.remove.hidden = !canEdit;
    if (video.playback && video.state !== 'failed') this.#play(video);
    else this.#showStage(video);
    this.#showState(video);
    this.#showFacts(video);
  }

  #play(video) {
    if (!this.player) {
      this.player = new Player({
        title: video.title,
        renew: async () => (await api.get(`/v1/videos/${this.id}`)).playback,
        help: () => showDialog('Keyboard shortcuts', h('dl.keys', HELP.map(([keys, what]) => [h('dt', keys), h('dd', what)]))),
      });
      fill(this.stage, this.player.element);
    }
    this.player.playback = video.playback;
    this.player.duration = video.durationSeconds;
    if (video.state === 'ready') this.player.finish();
  }

  #showStage(video) {
    this.player?.destroy();
    this.player = null;
    const isFailed = video.state === 'failed';
    const text = {
      failed: ['This video could not be processed', video.failure?.detail ?? 'The reason is not known.'],
      awaiting_upload: ['Waiting for the upload', 'The file has not arrived completely yet.'],
    }[video.state] ?? ['Preparing your video', 'It can be watched as soon as its first seconds are ready.'];
    const key = `${text}`;
    if (this.stageText !== key) {
      this.stageText = key;
      this.ring = isFailed ? icon('alert') : h('progress', { max: '1', 'aria-label': 'Processing' });
      fill(this.stage, h('div.stage-wait', { class: isFailed ? 'failed' : '' }, this.ring, h('h2', text[0]), h('p', text[1])));
    }
    if (!isFailed && video.progress > 0) this.ring.value = video.progress;
  }

  #showState(video) {
    const isProcessing = video.state === 'processing';
    if (!isProcessing) {
      if (this.bar && video.state === 'ready') setText(this.announced, 'Processing is complete.');
      this.state.hidden = video.state === 'ready' || video.state === 'failed';
      return;
    }
    if (!this.bar) {
      this.bar = h('i');
      this.percent = h('span.number');
      this.announced = h('span');
      fill(this.state, h('span.badge.processing', 'Processing'), h('span.line', this.bar), this.percent, this.announced);
    }
    this.state.hidden = false;
    this.bar.style.width = `${video.progress * 100}%`;
    setText(this.percent, percent(video.progress));
    setText(this.announced, video.playback ? 'You can already watch what is done.' : '');
  }

  #showFacts(video) {
    const best = Math.min(video.width ?? 0, video.height ?? 0);
    const facts = [
      ['Length', video.durationSeconds && clock(video.durationSeconds)],
      ['Picture', video.width && `${video.width} × ${video.height}`],
      ['Qualities', video.renditions?.length && best && video.renditions.map(({ name }) => name).join(', ')],
      ['Size', bytes(video.bytes)],
      ['File', video.filename],
      ['Uploaded', ago(video.createdAt)],
    ].filter(([, value]) => value);
    const drawn = JSON.stringify(facts);
    if (drawn === this.drawnFacts) return;
    this.drawnFacts = drawn;
    fill(this.facts, facts.map(([name, value]) => h('div', h('dt', name), h('dd', value))));
  }

  async #rename(title) {
    this.video = await api.patch(`/v1/videos/${this.id}`, { title });
    this.title.update(this.video.title, true);
    this.onTitle?.(this.video.title);
  }

  #confirmDelete() {
    confirmAction({
      title: 'Delete this video?',
      text: `“${this.video.title}” is removed for the whole team. This cannot be undone.`,
      action: 'Delete video',
      act: async () => {
        await api.delete(`/v1/videos/${this.id}`);
        toast('The video is deleted.');
        go('#/');
      },
    });
  }

  #showGone() {
    this.player?.destroy();
    fill(this.element, h('div.empty-page',
      h('h1', 'This video does not exist'),
      h('p', 'It may have been deleted, or it belongs to another team.'),
      h('a.button.primary', { href: '#/' }, 'Go to the library')));
  }

  #showTrouble(error) {
    fill(this.stage, h('div.stage-wait.failed', icon('alert'), h('h2', 'The video could not be loaded'), h('p', sentence(error)),
      h('button.button', { type: 'button', onclick: () => { fill(this.stage, h('div.stage-wait', h('div.player-spinner'))); this.#start(); } }, 'Try again')));
  }
}
