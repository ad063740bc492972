// Where the picture is: the player, or how far processing is, or why there is nothing to see.
import { sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { percent } from '../format.js';
import { icon } from '../icons.js';
import { Player } from '../player/player.js';

const TEXTS = {
  failed: ['This video could not be processed', 'The reason is not known.'],
  awaiting_upload: ['Waiting for the upload', 'The file has not arrived completely yet.'],
  processing: ['Preparing your video', 'It can be watched as soon as its first seconds are ready.'],
};

export class Stage {
  player = null;

  /** `renew` resolves with a fresh playback; `retry` tries to load the video again. */
  constructor({ renew, help, retry }) {
    Object.assign(this, { renew, help, retry });
    this.element = h('div.stage');
    this.state = h('div.watch-state', { 'aria-live': 'polite', hidden: true });
    this.showWait();
  }

  dispose() {
    this.player?.destroy();
    this.player = null;
  }

  show(video) {
    if (video.playback && video.state !== 'failed') this.#play(video);
    else this.#showText(video);
    this.#showState(video);
  }

  showWait() { fill(this.element, h('div.stage-wait', h('div.player-spinner'))); }

  showTrouble(error) {
    fill(this.element, h('div.stage-wait.failed', icon('alert'), h('h2', 'The video could not be loaded'), h('p', sentence(error)),
      this.retry && h('button.button', { type: 'button', onclick: () => { this.showWait(); this.retry(); } }, 'Try again')));
  }

  #play(video) {
    if (!this.player) {
      this.player = new Player({ title: video.title, renew: this.renew, help: this.help });
      fill(this.element, this.player.element);
    }
    this.player.playback = video.playback;
    this.player.duration = video.durationSeconds;
    if (video.state === 'ready') this.player.finish();
  }

  #showText(video) {
    this.dispose();
    const isFailed = video.state === 'failed';
    const [title, usual] = TEXTS[video.state] ?? TEXTS.processing;
    const text = isFailed ? video.failure?.detail ?? usual : usual;
    if (this.shown !== title + text) {
      this.shown = title + text;
      this.ring = isFailed ? icon('alert') : h('progress', { max: '1', 'aria-label': 'Processing' });
      fill(this.element, h('div.stage-wait', { class: isFailed ? 'failed' : '' }, this.ring, h('h2', title), h('p', text)));
    }
    if (!isFailed && video.progress > 0) this.ring.value = video.progress;
  }

  #showState(video) {
    if (video.state !== 'processing') {
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
}
