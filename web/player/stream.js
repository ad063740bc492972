// Keeps one lane (picture or sound) filled ahead of the playing position.
import { pause } from '../timing.js';
import { parseMedia, segmentAt } from './playlist.js';

const IDLE_MS = 250;
/** What has been played stays this long, for short steps back without loading. */
const KEEP_BEHIND = 30;

export class Stream {
  /** tracks: [{url, playlist?, staleAt}] that can follow one another in this lane; `choose` picks the next one. */
  constructor({ lane, tracks, loader, position, choose, goal, onQuota, onFailure, onChange }) {
    Object.assign(this, { lane, tracks, loader, position, choose, goal, onQuota, onFailure, onChange });
    this.current = -1;
    this.atEnd = false;
    this.nextTime = null;
    this.initialised = null;
    this.inits = new Map();
    this.interruption = new AbortController();
  }

  async run(signal) {
    this.lifetime = signal;
    while (!signal.aborted) {
      const { signal: interrupted } = this.interruption;
      try {
        if (await this.#step(interrupted)) continue;
        await pause(IDLE_MS, interrupted);
      } catch (error) {
        if (signal.aborted) return;
        if (interrupted.aborted) continue;
        if (!await this.onFailure(this, error)) return;
        await pause(IDLE_MS, signal).catch(() => {});
      }
    }
  }

  /** After a seek, a chosen quality or new addresses: whatever is under way is not wanted any more. */
  restart() {
    this.nextTime = null;
    this.atEnd = false;
    this.interruption.abort();
    this.interruption = new AbortController();
  }

  stop() { this.interruption.abort(); }

  get reserve() { return this.lane.endAfter(this.position()) - this.position(); }

  get playlist() { return this.tracks[Math.max(0, this.current)].playlist; }

  /** Shows a chosen quality soon: drops what is buffered of another one after the segment that is playing. */
  async replaceAhead() {
    const playing = this.playlist && segmentAt(this.playlist.segments, this.position());
    this.restart();
    if (!playing) return;
    const from = playing.start + playing.duration;
    // So close to the boundary the new segment would come too late and playing would stop.
    const cut = from - this.position() < 1 ? from + playing.duration : from;
    await this.lane.remove(cut, Infinity);
    this.restart();
  }

  async dropBehind() {
    const limit = this.position() - KEEP_BEHIND;
    const first = this.lane.ranges[0];
    if (first && first.start < limit - 10) await this.lane.remove(0, limit);
  }

  /** Loads and appends one segment; false when there is nothing to do now. */
  async #step(signal) {
    const index = this.choose(this);
    const track = this.tracks[index];
    this.trying = index;
    // Also with enough in hand: a video in processing grows, and the scrub bar shows how far.
    await this.#freshen(track, signal);
    if (this.reserve >= this.goal()) return false;
    const segment = this.#next(track.playlist);
    if (!segment) {
      const ends = track.playlist.ended;
      if (ends !== this.atEnd) {
        this.atEnd = ends;
        this.onChange(this);
      }
      return false;
    }
    this.atEnd = false;
    if (this.initialised !== `${index} ${segment.map}`) await this.#initialise(index, track, segment, signal);
    const data = await this.loader.bytes(() => resolve(segment.uri, track), signal);
    await this.#append(data, signal);
    this.current = index;
    this.nextTime = segment.start + segment.duration;
    this.onChange(this);
    await this.dropBehind();
    return true;
  }

  #next(playlist) {
    // Within a run the playlist's own clock decides: buffered ends are off by a frame and would load segments twice.
    if (this.nextTime !== null) return segmentAt(playlist.segments, this.nextTime);
    const position = this.position();
    const end = this.lane.endAfter(position);
    return segmentAt(playlist.segments, end > position ? end + 0.15 : position);
  }

  async #freshen(track, signal) {
    if (track.playlist && (track.staleAt > performance.now())) return;
    const playlist = parseMedia(await this.loader.text(() => track.url, signal));
    const grown = playlist.segments.length !== track.playlist?.segments.length;
    track.playlist = playlist;
    const wait = playlist.ended ? Infinity : reloadAfter(playlist) * (grown ? 1 : 0.5);
    track.staleAt = performance.now() + wait;
    this.onChange(this);
  }

  async #initialise(index, track, segment, signal) {
    const name = `${index} ${segment.map}`;
    if (segment.map) {
      if (!this.inits.has(name)) this.inits.set(name, await this.loader.bytes(() => resolve(segment.map, track), signal));
      await this.lane.changeType(track.mime);
      await this.#append(this.inits.get(name), signal);
    }
    this.initialised = name;
  }

  async #append(data, signal) {
    try {
      signal.throwIfAborted();
      await this.lane.append(data);
    } catch (error) {
      if (error.name !== 'QuotaExceededError') throw error;
      await this.onQuota();
      await this.lane.append(data);
    }
  }
}

function resolve(uri, track) {
  return new URL(uri, new URL(track.url, location.href)).href;
}

function reloadAfter(playlist) {
  return Math.max(1, playlist.targetDuration || 2) * 1000;
}
