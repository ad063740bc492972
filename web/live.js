// Keeps videos that are being processed up to date on screens that show many of them.
import { api } from './api.js';
import { follow } from './sse.js';

/** A browser keeps few connections to one server; parts of uploads and the player need them too. */
const STREAMS = 1;
const POLL_MS = 3000;

export const isSettled = (video) => video.state === 'ready' || video.state === 'failed';

/** Tells of every change until ready or failed. Rejects when the video is gone. */
function followVideo(id, onVideo, signal) {
  return follow(`/v1/videos/${id}/events`, ({ event, data }) => {
    if (event !== 'video') return false;
    const video = JSON.parse(data);
    onVideo(video);
    return isSettled(video);
  }, signal);
}

/** Tells of changes of the video and of what people say and decide about it, until the signal. */
export function watchVideo(id, { onVideo, onComments }, signal) {
  return follow(`/v1/videos/${id}/events?comments=true`, ({ event, data }) => {
    if (event === 'comments') onComments();
    if (event === 'video') onVideo(JSON.parse(data));
    return false;
  }, signal);
}

/** The first videos get a stream, the others are asked for in turn. */
export class LiveVideos {
  #waiting = new Set();
  #streaming = new Map();

  constructor(onVideo) {
    this.onVideo = onVideo;
    this.timer = setInterval(() => this.#poll(), POLL_MS);
  }

  add(id) {
    if (this.isOver || this.#streaming.has(id) || this.#waiting.has(id)) return;
    if (this.#streaming.size < STREAMS) this.#stream(id);
    else this.#waiting.add(id);
  }

  dispose() {
    // A look under way may still find a video that is to be followed.
    this.isOver = true;
    clearInterval(this.timer);
    this.#waiting.clear();
    for (const controller of this.#streaming.values()) controller.abort();
  }

  #stream(id) {
    const controller = new AbortController();
    this.#streaming.set(id, controller);
    followVideo(id, this.onVideo, controller.signal).catch(() => {}).then(() => {
      this.#streaming.delete(id);
      const [next] = this.#waiting;
      if (controller.signal.aborted || next === undefined) return;
      this.#waiting.delete(next);
      this.#stream(next);
    });
  }

  async #poll() {
    if (document.hidden || this.polling || !this.#waiting.size) return;
    this.polling = true;
    for (const id of [...this.#waiting].slice(0, 10)) {
      try {
        const video = await api.get(`/v1/videos/${id}`);
        if (this.isOver) return;
        this.onVideo(video);
        if (isSettled(video)) this.#waiting.delete(id);
        else if (this.#waiting.delete(id)) this.#waiting.add(id);
      } catch (error) {
        if (error.status === 404) this.#waiting.delete(id);
      }
    }
    this.polling = false;
  }
}
