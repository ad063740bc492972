// The time line: buffered and available ranges, the position, and a preview of where the pointer is.
import { h } from '../dom.js';
import { clock, spokenTime } from '../format.js';
import { cueAt } from './thumbnails.js';

const ARROW_STEP = 5;
const PAGE_STEP = 30;

/** `seek(seconds)` is called once when the pointer lets go; `scrubbing(seconds)` while it moves. */
export class Scrubber {
  #total = 0;
  #available = Infinity;
  #dragging = false;
  #time = 0;
  #cues = [];
  #buffered = '';
  #marks = [];
  #markedTotal = 0;

  constructor({ seek }) {
    this.seek = seek;
    this.ranges = h('div.scrub-ranges');
    this.available = h('div.scrub-available');
    this.played = h('div.scrub-played');
    this.handle = h('div.scrub-handle');
    this.picture = h('div.scrub-picture', { hidden: true });
    this.label = h('span.scrub-label');
    this.preview = h('div.scrub-preview', { hidden: true, 'aria-hidden': true }, this.picture, this.label);
    this.track = h('div.scrub-track', this.available, this.ranges, this.played);
    this.markRow = h('div.scrub-marks', { 'aria-hidden': true });
    this.element = h('div.scrub', {
      role: 'slider', tabindex: '0', 'aria-label': 'Position', 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0,
      onpointerdown: (event) => this.#grab(event),
      onpointermove: (event) => this.#move(event),
      onpointerup: (event) => this.#release(event),
      onpointercancel: () => this.#stop(),
      onpointerleave: () => { if (!this.#dragging) this.preview.hidden = true; },
      onkeydown: (event) => this.#key(event),
    }, this.track, this.markRow, this.handle, this.preview);
  }

  /** Moments with comments: [{id, at, until, isResolved, label}]. `onMark(id)` hears when one is pressed. */
  set marks(marks) {
    this.#marks = marks;
    this.#drawMarks();
  }

  set cues(cues) { this.#cues = cues; }

  update({ time, total, available, buffered }) {
    this.#total = total;
    this.#available = available;
    this.available.style.width = share(available, total);
    if (!this.#dragging) this.#show(time);
    if (this.#markedTotal !== total) this.#drawMarks();
    const drawn = JSON.stringify([buffered, Math.round(total)]);
    if (drawn === this.#buffered) return;
    this.#buffered = drawn;
    this.ranges.replaceChildren(...buffered.map(({ start, end }) => {
      const range = h('div.scrub-range');
      range.style.left = share(start, total);
      range.style.width = share(end - start, total);
      return range;
    }));
  }

  #drawMarks() {
    this.#markedTotal = this.#total;
    this.markRow.replaceChildren(...this.#total ? this.#marks.map(({ id, at, until, isResolved }) => {
      const mark = h('span.scrub-mark', { class: `${isResolved ? 'is-resolved' : ''} ${until ? 'is-range' : ''}`, dataset: { mark: id } });
      mark.style.left = share(at, this.#total);
      if (until) mark.style.width = share(until - at, this.#total);
      return mark;
    }) : []);
  }

  #show(time) {
    this.#time = time;
    this.played.style.width = share(time, this.#total);
    this.handle.style.left = share(time, this.#total);
    const now = String(Math.floor(time));
    if (this.element.getAttribute('aria-valuenow') === now && this.element.getAttribute('aria-valuemax') === String(Math.floor(this.#total))) return;
    this.element.setAttribute('aria-valuemax', String(Math.floor(this.#total)));
    this.element.setAttribute('aria-valuenow', now);
    this.element.setAttribute('aria-valuetext', `${spokenTime(time)} of ${spokenTime(this.#total)}`);
  }

  #timeOf(event) {
    const box = this.track.getBoundingClientRect();
    const fraction = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Math.min(fraction * this.#total, this.#available);
  }

  #grab(event) {
    if (event.button !== 0) return;
    const { mark } = event.target.dataset ?? {};
    if (mark && this.onMark) {
      event.preventDefault();
      return this.onMark(mark);
    }
    this.element.setPointerCapture(event.pointerId);
    this.#dragging = true;
    this.element.classList.add('is-dragging');
    this.#move(event);
  }

  #move(event) {
    if (!this.#total) return;
    const time = this.#timeOf(event);
    this.#preview(time, event.target.dataset?.mark);
    if (this.#dragging) this.#show(time);
  }

  #release(event) {
    if (!this.#dragging) return;
    const time = this.#timeOf(event);
    this.#stop();
    this.seek(time);
    if (event.pointerType !== 'mouse') this.preview.hidden = true;
  }

  #stop() {
    this.#dragging = false;
    this.element.classList.remove('is-dragging');
  }

  #preview(time, marked) {
    this.preview.hidden = false;
    const mark = this.#marks.find(({ id }) => id === marked);
    this.label.textContent = mark ? `${clock(mark.at)} · ${mark.label}` : clock(time);
    const cue = cueAt(this.#cues, time);
    this.picture.hidden = !cue;
    if (cue) {
      Object.assign(this.picture.style, {
        width: `${cue.width}px`, height: `${cue.height}px`,
        backgroundImage: `url(${JSON.stringify(cue.url)})`,
        backgroundPosition: `-${cue.x}px -${cue.y}px`,
      });
    }
    const box = this.element.getBoundingClientRect();
    const half = this.preview.offsetWidth / 2;
    const centre = (time / this.#total) * box.width;
    this.preview.style.left = `${Math.min(box.width - half, Math.max(half, centre))}px`;
  }

  #key(event) {
    const steps = {
      ArrowLeft: -ARROW_STEP, ArrowDown: -ARROW_STEP, ArrowRight: ARROW_STEP, ArrowUp: ARROW_STEP,
      PageDown: -PAGE_STEP, PageUp: PAGE_STEP, Home: -Infinity, End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.seek(Math.min(Math.max(0, this.#time + step), this.#total, this.#available));
  }
}

function share(part, whole) {
  return whole > 0 ? `${Math.min(100, Math.max(0, (part / whole) * 100))}%` : '0%';
}
