// The player on the watch page: one video element, its controls, and the engine that feeds it.
import { ApiError } from '../api.js';
import { h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { Controls, SPEEDS } from './controls.js';
import { HlsEngine, isSupported } from './hls.js';
import { commandOf, isTaken } from './keys.js';
import { rangesOf } from './lane.js';
import { parseThumbnails } from './thumbnails.js';

const HIDE_AFTER_MS = 2600;
/** Addresses are renewed this long before they expire, so that no segment is refused first. */
const RENEW_AHEAD_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Player {
  #lifetime = new AbortController();
  #thumbnails = null;
  #known = 0;
  /** Why nothing more is loaded: {message, again} */
  #failure = null;

  /** `renew` resolves with a fresh playback {hls, poster, thumbnails, expiresAt}; `help` shows the keys. */
  constructor({ title, renew, help }) {
    Object.assign(this, { renewPlayback: renew, help });
    this.video = h('video', { playsinline: true, preload: 'auto', tabindex: '-1', 'aria-label': title });
    this.controls = new Controls(this);
    this.message = h('p.player-message', { role: 'status' });
    this.retry = h('button.button', { type: 'button', hidden: true, onclick: () => this.restart() }, icon('retry'), 'Try again');
    this.spinner = h('div.player-spinner', { hidden: true });
    this.centre = h('button.player-centre', { type: 'button', 'aria-label': 'Play', onclick: () => this.run('toggle') }, icon('play'));
    this.element = h('section.player', { 'aria-label': 'Video player' },
      this.video, this.spinner, this.centre, h('div.player-notice', this.message, this.retry), this.controls.element);
    this.#listen();
  }

  /** The first addresses start playing; later ones only replace the old. */
  set playback(playback) {
    const first = !this.current;
    this.current = playback;
    this.#renewLater();
    this.#loadThumbnails();
    if (playback.poster && !this.video.poster) this.video.poster = playback.poster;
    if (first) this.#start();
  }

  /** Processing is complete. */
  finish() { this.engine?.hurry(); }

  /** The length of the whole video, also of what is not processed yet. */
  set duration(seconds) { this.#known = seconds ?? 0; this.#draw(); }

  get total() {
    const loaded = Number.isFinite(this.video.duration) ? this.video.duration : 0;
    // Once everything exists and is known to the element, what it says is exact.
    const isWhole = !this.engine || (this.engine.complete && loaded >= this.engine.available - 0.5);
    return isWhole ? loaded || this.#known : Math.max(loaded, this.#known);
  }

  get available() { return this.engine && !this.engine.complete ? this.engine.available : this.total; }

  seek(seconds) {
    // The very end of a growing video has no picture yet.
    const margin = this.engine && !this.engine.complete ? 0.5 : 0;
    this.video.currentTime = Math.max(0, Math.min(seconds, this.available - margin));
    this.#draw();
  }

  run(name, value) {
    const { video } = this;
    const commands = {
      toggle: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
      seekBy: () => this.seek(video.currentTime + value),
      seekToFraction: () => this.seek(this.total * value),
      volumeBy: () => { video.muted = false; video.volume = Math.min(1, Math.max(0, video.volume + value)); },
      mute: () => { video.muted = !video.muted; },
      fullscreen: () => this.#fullscreen(),
      pictureInPicture: () => this.#pictureInPicture(),
      speedBy: () => {
        const at = SPEEDS.indexOf(video.playbackRate);
        video.playbackRate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + value))];
      },
      help: () => this.help(),
    };
    commands[name]();
    this.#wake();
  }

  restart() {
    const at = this.video.currentTime;
    this.engine?.destroy();
    this.#failure = null;
    this.#recover();
    this.#start();
    if (at > 1) this.video.addEventListener('loadedmetadata', () => { this.video.currentTime = at; }, { once: true });
  }

  destroy() {
    this.#lifetime.abort();
    clearTimeout(this.renewTimer);
    clearTimeout(this.hideTimer);
    this.engine?.destroy();
    this.video.pause();
  }

  #start() {
    if (!isSupported()) {
      this.video.src = this.current.hls;
      return;
    }
    this.engine = new HlsEngine(this.video, this.current.hls, async () => (await this.#renew()).hls);
    this.engine.addEventListener('levels', () => this.controls.showLevels(this.engine));
    this.engine.addEventListener('level', () => this.controls.showLevels(this.engine));
    this.engine.addEventListener('available', () => this.#draw());
    this.engine.addEventListener('fatal', ({ detail: { message, again } }) => this.#fail({ message: message || 'The video cannot be played.', again }));
    this.engine.start();
  }

  #listen() {
    const { video, element } = this;
    const { signal } = this.#lifetime;
    const on = (target, names, handler) => names.split(' ').forEach((name) => target.addEventListener(name, handler, { signal }));
    on(video, 'timeupdate durationchange progress seeked volumechange ratechange', () => this.#draw());
    on(video, 'play pause ended', () => { this.#draw(); this.#wake(); });
    on(video, 'waiting seeking stalled', () => this.#draw());
    on(video, 'playing canplay', () => { this.#recover(); this.#draw(); });
    on(video, 'click', () => this.run('toggle'));
    on(video, 'dblclick', () => this.run('fullscreen'));
    on(video, 'error', () => { if (video.error) this.#fail({ message: 'The browser stopped playing this video.', again: true }); });
    on(element, 'pointermove pointerdown focusin', () => this.#wake());
    on(document, 'fullscreenchange', () => this.controls.showFullscreen(document.fullscreenElement === element));
    on(document, 'keydown', (event) => {
      const command = isTaken(event) ? null : commandOf(event);
      if (!command) return;
      event.preventDefault();
      this.run(command.name, command.value);
    });
  }

  #draw() {
    const { video } = this;
    const isWaiting = !video.paused && !video.ended && video.readyState < 3;
    this.element.classList.toggle('is-playing', !video.paused);
    this.element.classList.toggle('has-started', video.currentTime > 0 || !video.paused);
    this.spinner.hidden = !isWaiting && !(video.seeking && video.readyState < 2);
    const caughtUp = isWaiting && this.engine && !this.engine.complete && this.available - video.currentTime < 1.5;
    // What was loaded before plays on for a while, and then nothing follows.
    if (isWaiting && this.#failure) this.#fail(this.#failure);
    if (!this.hasFailed) setText(this.message, caughtUp ? 'Processing has not come further yet. Playing goes on by itself.' : '');
    this.controls.update({ time: video.currentTime, total: this.total, available: this.available, buffered: rangesOf(video.buffered) });
  }

  get hasFailed() { return this.element.classList.contains('has-failed'); }

  #recover() {
    this.retry.hidden = true;
    setText(this.message, '');
    this.element.classList.remove('has-failed');
  }

  #fail(failure) {
    this.#failure = failure;
    this.retry.hidden = !failure.again;
    setText(this.message, failure.message);
    this.element.classList.add('has-failed');
  }

  /** Controls hide while the picture plays and nothing moves. */
  #wake() {
    this.element.classList.remove('is-idle');
    clearTimeout(this.hideTimer);
    this.hideTimer = setTimeout(() => {
      if (!this.video.paused && !this.controls.isBusy) this.element.classList.add('is-idle');
    }, HIDE_AFTER_MS);
  }

  #renewLater() {
    clearTimeout(this.renewTimer);
    const left = Date.parse(this.current.expiresAt) - Date.now();
    if (!Number.isFinite(left)) return;
    // Short-lived addresses would otherwise be renewed without a pause.
    const wait = Math.max(left - RENEW_AHEAD_MS, left / 2, 1000);
    this.renewTimer = setTimeout(() => this.engine?.renew(), Math.min(wait, LONGEST_TIMER_MS));
  }

  async #renew() {
    const playback = await this.renewPlayback();
    if (!playback) throw new ApiError(410, { detail: 'This video cannot be watched any more.' });
    this.current = playback;
    this.#renewLater();
    return playback;
  }

  async #loadThumbnails() {
    const address = this.current.thumbnails;
    if (!address || this.#thumbnails) return;
    this.#thumbnails = address;
    try {
      const response = await fetch(address, { signal: this.#lifetime.signal });
      if (!response.ok) throw new Error();
      this.controls.thumbnails = parseThumbnails(await response.text(), new URL(address, location.href));
    } catch {
      // A preview is a comfort; without it the scrub bar shows the time alone. The next address tries again.
      this.#thumbnails = null;
    }
  }

  #fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.element.requestFullscreen) this.element.requestFullscreen().catch(() => {});
    else this.video.webkitEnterFullscreen?.();
  }

  #pictureInPicture() {
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else this.video.requestPictureInPicture?.().catch(() => {});
  }
}
