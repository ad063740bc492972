// A new comment: its time or range, its words, and a drawing.
import { fill, h, setText } from '../dom.js';
import { timecode } from '../format.js';
import { icon } from '../icons.js';
import { MessageField } from '../people/field.js';

export class CommentComposer {
  #at = 0;
  #until = null;
  #isHeld = false;
  #drawing = null;

  /** `send({atSeconds, untilSeconds?, body, drawing?})`; `moment` is {time(), pause(), layer()} of the player. */
  constructor({ send, moment, mentions }) {
    Object.assign(this, { send, moment });
    this.time = h('span.timecode.static');
    this.range = h('button.link-button', { type: 'button', onclick: () => this.#setEnd() }, 'Set end');
    this.draw = h('button.icon-button', { type: 'button', 'aria-label': 'Draw on the picture', title: 'Draw on the picture', onclick: () => this.#draw() }, icon('draw'));
    this.problem = h('p.room-trouble', { role: 'alert' });
    this.field = new MessageField({
      label: 'Comment', placeholder: 'Comment on this moment', submit: () => this.#submit(), mentions,
      typed: () => this.#hold(), cancel: () => this.field.input.blur(),
    });
    this.field.input.addEventListener('focus', () => this.#hold());
    this.field.input.addEventListener('blur', () => { if (this.field.isEmpty && !this.#drawing && !this.moment.layer()?.isOpen) this.#release(); });
    this.element = h('div.composer.comment-composer',
      h('div.composer-time', icon('clock'), this.time, this.range, h('span.player-gap'), this.draw),
      h('div.composer-line', this.field.element, h('button.send-button', { type: 'button', 'aria-label': 'Add comment', title: 'Add comment', onclick: () => this.#submit() }, icon('send'))),
      this.problem);
    this.tick(0);
  }

  focus() { this.field.focus(); }

  /** The player has moved on; a comment that was begun keeps its moment. */
  tick(time) {
    if (!this.#isHeld) this.#at = time;
    setText(this.time, this.#until === null ? timecode(this.#at) : `${timecode(this.#at)} – ${timecode(this.#until)}`);
    this.range.hidden = !this.#isHeld;
    setText(this.range, this.#until === null ? 'Set end' : 'No end');
  }

  #hold() {
    if (this.#isHeld) return;
    this.moment.pause();
    this.#at = this.moment.time();
    this.#isHeld = true;
    this.tick(this.#at);
  }

  #release() {
    this.#isHeld = false;
    this.#until = null;
    this.#setDrawing(null);
    this.tick(this.moment.time());
  }

  #setEnd() {
    const now = this.moment.time();
    if (this.#until !== null) this.#until = null;
    else if (now > this.#at + 0.04) this.#until = now;
    else return setText(this.problem, 'Move the video to where the range ends, then set the end.');
    setText(this.problem, '');
    this.tick(now);
  }

  #draw() {
    const layer = this.moment.layer();
    if (!layer) return;
    if (layer.isOpen) return layer.close(true);
    this.#hold();
    layer.open((drawing) => { this.#setDrawing(drawing); this.focus(); });
  }

  #setDrawing(drawing) {
    if (this.#drawing === drawing) return;
    this.#drawing = drawing;
    const label = drawing ? 'The drawing is attached; draw again' : 'Draw on the picture';
    this.draw.classList.toggle('is-on', Boolean(drawing));
    this.draw.setAttribute('aria-label', label);
    this.draw.title = label;
    fill(this.draw, icon(drawing ? 'check' : 'draw'));
  }

  #submit() {
    this.moment.layer()?.close(true);
    const { body, problem } = this.field;
    setText(this.problem, problem || (!body && this.#drawing ? 'Please add a word to the drawing.' : ''));
    if (!body || problem) return;
    this.send({
      atSeconds: Math.round(this.#at * 1000) / 1000, body,
      ...(this.#until !== null && { untilSeconds: Math.round(this.#until * 1000) / 1000 }),
      ...(this.#drawing && { drawing: this.#drawing }),
    });
    this.field.clear();
    this.#release();
  }
}
