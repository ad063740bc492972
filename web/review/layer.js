// Drawings over the picture: shows those of comments, and takes new ones.
import { fill, h, svg } from '../dom.js';
import { icon } from '../icons.js';
import { COLOURS, Drawing, pathOf, pictureBox, readDrawing } from './strokes.js';

/** Units of the drawing's box per width of the picture. */
const UNITS = 1000;
const NAMES = ['Red', 'Yellow', 'Green', 'Blue', 'White'];

export class DrawingLayer {
  #lifetime = new AbortController();
  #drawing = null;
  #colour = COLOURS[0];
  #shown = '';

  constructor(player) {
    this.player = player;
    this.picture = svg('svg', { class: 'drawing', 'aria-hidden': 'true', preserveAspectRatio: 'none' });
    this.tools = this.#toolbar();
    player.element.insertBefore(this.picture, player.controls.element);
    player.element.append(this.tools);
    const { signal } = this.#lifetime;
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    this.observer = new ResizeObserver(() => this.#fit());
    this.observer.observe(player.element);
    on(player.video, 'loadedmetadata', () => this.#fit());
    on(player.video, 'resize', () => this.#fit());
    on(this.picture, 'pointerdown', (event) => this.#press(event));
    on(this.picture, 'pointermove', (event) => this.#move(event));
    on(this.picture, 'pointerup', () => { this.isDown = false; });
    on(this.picture, 'pointercancel', () => { this.isDown = false; });
    on(document, 'keydown', (event) => this.#key(event));
    this.#fit();
  }

  dispose() {
    this.#lifetime.abort();
    this.observer.disconnect();
    this.picture.remove();
    this.tools.remove();
  }

  get isOpen() { return this.#drawing !== null; }

  /** A new drawing begins; `done(drawing or null)` hears how it ends. */
  open(done) {
    this.done = done;
    this.#drawing = new Drawing();
    this.tools.hidden = false;
    this.player.element.classList.add('is-drawing');
    this.#draw(this.#drawing.strokes);
    this.tools.querySelector('button').focus();
  }

  /** Ends drawing; null throws away what was drawn. */
  close(isKept) {
    if (!this.#drawing) return;
    const drawn = isKept ? this.#drawing.toJSON() : null;
    this.#drawing = null;
    this.tools.hidden = true;
    this.player.element.classList.remove('is-drawing');
    this.#shown = '';
    fill(this.picture);
    this.done?.(drawn);
  }

  /** Drawings of comments, unless a new one is under way. */
  show(drawings) {
    if (this.#drawing) return;
    const strokes = drawings.flatMap(readDrawing);
    const key = JSON.stringify(strokes);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#draw(strokes);
  }

  #draw(strokes) {
    fill(this.picture, strokes.map((stroke) => svg('path', {
      d: pathOf(stroke, UNITS, this.height), fill: 'none', stroke: stroke.color, 'stroke-width': stroke.width * UNITS,
      'stroke-linecap': 'round', 'stroke-linejoin': 'round',
    })));
  }

  #fit() {
    const { element, video } = this.player;
    const box = pictureBox({ width: element.clientWidth, height: element.clientHeight }, { width: video.videoWidth, height: video.videoHeight });
    for (const side of ['left', 'top', 'width', 'height']) this.picture.style[side] = `${box[side]}px`;
    const height = box.width > 0 ? (UNITS * box.height) / box.width : UNITS;
    if (height === this.height) return;
    this.height = height;
    this.picture.setAttribute('viewBox', `0 0 ${UNITS} ${height}`);
    if (this.#drawing) this.#draw(this.#drawing.strokes);
    else this.#shown = '';
  }

  #pointOf(event) {
    const box = this.picture.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #press(event) {
    if (!this.#drawing || event.button !== 0) return;
    event.preventDefault();
    this.picture.setPointerCapture(event.pointerId);
    this.isDown = this.#drawing.begin(this.#colour, this.#pointOf(event));
    this.#draw(this.#drawing.strokes);
  }

  #move(event) {
    if (!this.isDown || !this.#drawing) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) this.#drawing.extend(this.#pointOf(each));
    this.#draw(this.#drawing.strokes);
  }

  #key(event) {
    if (!this.#drawing) return;
    if (event.key === 'Escape') this.close(false);
    else if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) this.#undo();
    else return;
    event.preventDefault();
  }

  #undo() {
    this.#drawing.undo();
    this.#draw(this.#drawing.strokes);
  }

  #toolbar() {
    const colours = COLOURS.map((colour, index) => {
      const dot = svg('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, svg('circle', { cx: 10, cy: 10, r: 8, fill: colour }));
      return h('button.draw-colour', { type: 'button', 'aria-label': NAMES[index], 'aria-pressed': index === 0, onclick: (event) => this.#take(colour, event.currentTarget) }, dot);
    });
    this.colours = colours;
    const tool = (label, name, act) => h('button.player-button', { type: 'button', 'aria-label': label, title: label, onclick: act }, icon(name));
    return h('div.draw-tools', { role: 'toolbar', 'aria-label': 'Drawing', hidden: true }, colours,
      tool('Undo the last stroke', 'undo', () => this.#undo()),
      tool('Throw the drawing away', 'trash', () => this.close(false)),
      h('button.button.small.primary', { type: 'button', onclick: () => this.close(true) }, 'Done'));
  }

  #take(colour, button) {
    this.#colour = colour;
    for (const each of this.colours) each.setAttribute('aria-pressed', String(each === button));
  }
}
