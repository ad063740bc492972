// A small HLS engine over Media Source Extensions, for fragmented MP4 with picture and sound in separate tracks.
import { isFinal, sentence } from '../api.js';
import { chooseLevel, ThroughputMeter } from './abr.js';
import { Lane, rangesOf } from './lane.js';
import { Loader } from './loader.js';
import { parseMaster } from './playlist.js';
import { Stream } from './stream.js';
import { tracksOf } from './tracks.js';

const GOAL_SECONDS = 30;
const LEAST_GOAL = 8;
const BLOCK_MS = 15_000;
const WATCH_MS = 250;

export const isSupported = () => 'MediaSource' in window;

/** Fires 'levels', 'level', 'available' and 'fatal' (detail: {message, again}). */
export class HlsEngine extends EventTarget {
  levels = [];
  /** Index of the chosen quality, -1 for automatic. */
  chosen = -1;
  #lifetime = new AbortController();
  #streams = [];
  #blocked = new Map();
  #goal = GOAL_SECONDS;
  #level = -1;
  #meter = new ThroughputMeter();
  /** Why there was no new address, when one was asked for last. */
  #refusal = null;

  /** `renew` resolves with the address of the master playlist under a new signature. */
  constructor(video, url, renew) {
    super();
    Object.assign(this, { video, url, renewAddress: renew });
    this.loader = new Loader({ meter: this.#meter, renew: () => this.renew() });
  }

  async start() {
    const { video } = this;
    try {
      const master = await this.#master();
      this.levels = master.levels.filter((level) => MediaSource.isTypeSupported(level.mime));
      if (!this.levels.length) throw new Error('This browser cannot play the format of this video.');
      this.mediaSource = new MediaSource();
      this.objectUrl = URL.createObjectURL(this.mediaSource);
      video.src = this.objectUrl;
      await new Promise((resolve) => this.mediaSource.addEventListener('sourceopen', resolve, { once: true }));
      this.#lifetime.signal.throwIfAborted();
      this.#open(master);
    } catch (error) {
      if (!this.#lifetime.signal.aborted) this.#fail(error);
      return;
    }
    const { signal } = this.#lifetime;
    video.addEventListener('seeking', () => this.#streams.forEach((stream) => stream.restart()), { signal });
    this.watch = setInterval(() => this.#unstick(), WATCH_MS);
    this.dispatchEvent(new Event('levels'));
    for (const stream of this.#streams) stream.run(signal);
  }

  destroy() {
    this.#lifetime.abort();
    clearInterval(this.watch);
    this.#streams.forEach((stream) => stream.stop());
    this.video.removeAttribute('src');
    this.video.load();
    if (this.objectUrl) URL.revokeObjectURL(this.objectUrl);
  }

  /** Index of the quality that was loaded last. */
  get level() { return this.#level; }

  /** Seconds that exist so far. */
  get available() {
    const known = this.#streams.map((stream) => stream.playlist?.duration ?? 0).filter(Boolean);
    return known.length === this.#streams.length && known.length ? Math.min(...known) : 0;
  }

  /** Whether all of the video exists. */
  get complete() { return this.#streams.length > 0 && this.#streams.every((stream) => stream.playlist?.ended); }

  choose(index) {
    this.chosen = index;
    if (index >= 0 && index !== this.#level) this.#video.replaceAhead();
    this.dispatchEvent(new Event('level'));
  }

  /** The video has just been finished: its end is looked up now and not at the next turn. */
  hurry() {
    for (const stream of this.#streams) {
      for (const track of stream.tracks) {
        if (!track.playlist?.ended) track.staleAt = 0;
      }
    }
  }

  /** New signed addresses, before the old ones expire or after they were refused. Once at a time; false if they are refused for good. */
  renew() {
    this.renewing ??= (async () => {
      try {
        this.url = await this.#newAddress();
        this.#adopt(parseMaster(await (await fetch(this.url)).text()));
      } catch {
        // The next refused segment asks again; its own retries decide when to give up.
      } finally {
        this.renewing = null;
      }
      return !this.#isOver;
    })();
    return this.renewing;
  }

  async #newAddress() {
    this.#refusal = null;
    try {
      return await this.renewAddress();
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
  }

  get #isOver() { return isFinal(this.#refusal); }

  get #video() { return this.#streams[0]; }

  async #master() {
    const master = parseMaster(await this.loader.text(() => this.url, this.#lifetime.signal));
    return tracksOf(master, this.url);
  }

  #open(master) {
    const common = {
      loader: this.loader,
      position: () => this.video.currentTime,
      goal: () => this.#goal,
      onQuota: () => this.#makeRoom(),
      onFailure: (stream, error) => this.#survive(stream, error),
      onChange: (stream) => this.#progressed(stream),
    };
    const lane = (track) => new Lane(this.mediaSource, track.mime);
    this.#streams = [new Stream({ ...common, lane: lane(this.levels[0]), tracks: this.levels, choose: (stream) => this.#pick(stream) })];
    if (master.audio.length) {
      this.#streams.push(new Stream({ ...common, lane: lane(master.audio[0]), tracks: master.audio, choose: () => 0 }));
    }
  }

  /** Puts new addresses under the tracks in use; playlists are read again, buffered data stays. */
  #adopt(parsed) {
    const { levels, audio } = tracksOf(parsed, this.url);
    const refresh = (track, fresh) => fresh && Object.assign(track, { url: fresh.url, staleAt: 0 });
    this.levels.forEach((level) => refresh(level, levels.find((fresh) => fresh.uri === level.uri || fresh.name === level.name)));
    this.#streams[1]?.tracks.forEach((track) => refresh(track, audio[0]));
  }

  #pick(stream) {
    const now = performance.now();
    const blocked = new Set([...this.#blocked].filter(([, until]) => until > now).map(([index]) => index));
    if (this.chosen >= 0 && !blocked.has(this.chosen)) return this.chosen;
    const { clientHeight, clientWidth } = this.video;
    const maxLines = Math.min(clientHeight, clientWidth) * (window.devicePixelRatio || 1) || Infinity;
    return chooseLevel({
      levels: this.levels, estimate: this.#meter.estimate, reserve: stream.reserve, current: stream.current, maxLines, blocked,
    });
  }

  /** Whether the stream goes on after an error. */
  async #survive(stream, error) {
    // Where no address is to be had, another quality has none either.
    const isOver = error.isExpired && this.#isOver;
    if (stream === this.#video && error.name === 'LoadError' && this.levels.length > 1 && !isOver) {
      this.#blocked.set(stream.trying, performance.now() + BLOCK_MS);
      if (this.levels.some((_, index) => !((this.#blocked.get(index) ?? 0) > performance.now()))) return true;
    }
    this.#fail(error);
    return false;
  }

  /** Why there is no new address says more than that the old one is refused. */
  #fail(error) {
    const refusal = error.isExpired ? this.#refusal : null;
    const detail = refusal ? { message: sentence(refusal), again: !isFinal(refusal) } : { message: error.message, again: true };
    this.dispatchEvent(new CustomEvent('fatal', { detail }));
  }

  async #makeRoom() {
    this.#goal = Math.max(LEAST_GOAL, this.#goal * 0.7);
    const now = this.video.currentTime;
    for (const { lane } of this.#streams) {
      await lane.remove(0, Math.max(0, now - 3));
      await lane.remove(now + LEAST_GOAL * 2, Infinity);
    }
  }

  #progressed(stream) {
    if (stream === this.#video && stream.current !== this.#level) {
      this.#level = stream.current;
      this.dispatchEvent(new Event('level'));
    }
    const { mediaSource } = this;
    this.dispatchEvent(new Event('available'));
    if (!this.#streams.every((each) => each.atEnd) || mediaSource.readyState !== 'open') return;
    Promise.all(this.#streams.map(({ lane }) => lane.idle())).then(() => {
      if (mediaSource.readyState === 'open' && this.#streams.every((each) => each.atEnd)) mediaSource.endOfStream();
    }).catch(() => {});
  }

  /** Some recordings begin late or have a hole; playing then waits for ever unless it is carried over it. */
  #unstick() {
    const { video } = this;
    this.#extend();
    if (video.readyState > 2 || video.seeking && video.readyState > 1) return;
    const next = rangesOf(video.buffered).find(({ start, end }) => end > video.currentTime + 0.1 && start > video.currentTime);
    if (next && next.start - video.currentTime < 0.6) video.currentTime = next.start + 0.01;
  }

  /** While the video is still being processed its length grows; seeking needs to know. */
  #extend() {
    const { mediaSource } = this;
    if (mediaSource.readyState !== 'open' || !this.available || this.#streams.some(({ lane }) => lane.isBusy)) return;
    // Never less than what is buffered: the browser refuses that. An unfinished file says it is endless.
    const length = Math.max(this.available, ...this.#streams.map(({ lane }) => lane.ranges.at(-1)?.end ?? 0));
    if (mediaSource.duration < Infinity && mediaSource.duration >= length) return;
    try { mediaSource.duration = length; } catch { /* a buffer has just become busy; the next round does it */ }
  }
}
