// A text field that grows, offers names after an @ and emoji, and sends on Enter.
import { fill, h } from '../dom.js';
import { decodeMentions, encodeMentions, mentionAt } from '../text.js';
import { avatar } from './avatar.js';
import { emojiPicker } from './emoji.js';
import { matching, people } from './people.js';

const MOST_BYTES = 8000;
let count = 0;

export class MessageField {
  #picked = new Map();
  #choices = [];
  #at = 0;
  #mention = null;

  /** `submit(body)` with ids for names; `cancel` on Escape; `typed` on every change. */
  constructor({ label, placeholder, submit, cancel, typed, mentions = true }) {
    Object.assign(this, { submit, cancel, typed, mentions });
    const id = `names-${count += 1}`;
    this.input = h('textarea.message-input', {
      rows: '1', placeholder, 'aria-label': label, 'aria-autocomplete': 'list', 'aria-controls': id, enterkeyhint: 'send',
      oninput: () => { this.#changed(); this.typed?.(); }, onkeydown: (event) => this.#key(event), onclick: () => this.#offer(),
      onblur: () => { this.#close(); },
    });
    this.list = h('ul.names', { id, role: 'listbox', 'aria-label': 'People', hidden: true });
    const emoji = emojiPicker({ insert: (text) => this.#insert(text), back: () => this.input.focus() });
    this.element = h('div.message-field', this.list, this.input, emoji.button, emoji.panel);
    if (mentions) people.load();
  }

  get body() { return encodeMentions(this.input.value, [...this.#picked.values()]).trim(); }
  get isEmpty() { return this.input.value.trim() === ''; }
  /** A sentence about what is wrong, or ''. */
  get problem() { return new TextEncoder().encode(this.body).length > MOST_BYTES ? 'This is too long. Please send it in parts.' : ''; }

  set body(body) {
    const { text, picked } = decodeMentions(body, (id) => people.name(id));
    this.#picked = new Map(picked.map((person) => [person.id, person]));
    this.input.value = text;
    this.#changed();
  }

  clear() {
    this.input.value = '';
    this.#picked.clear();
    this.#changed();
  }

  focus() {
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** Where the caret is. */
  #insert(text) {
    this.input.focus();
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, 'end');
    this.#changed();
    this.typed?.();
  }

  #changed() {
    this.input.style.height = 'auto';
    if (this.input.scrollHeight) this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 160)}px`;
    this.#offer();
  }

  #key(event) {
    if (event.isComposing) return;
    if (!this.list.hidden && this.#choose(event)) return event.preventDefault();
    if (event.key === 'Escape' && this.cancel) {
      event.stopPropagation();
      return this.cancel();
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    this.submit(this.body);
  }

  #choose({ key }) {
    if (key === 'ArrowDown' || key === 'ArrowUp') this.#mark(this.#at + (key === 'ArrowDown' ? 1 : -1));
    else if (key === 'Enter' || key === 'Tab') this.#take(this.#choices[this.#at]);
    else if (key === 'Escape') this.#close();
    else return false;
    return true;
  }

  #offer() {
    this.#mention = this.mentions ? mentionAt(this.input.value, this.input.selectionStart) : null;
    this.#choices = this.#mention ? matching(people.list, this.#mention.query) : [];
    if (!this.#choices.length) return this.#close();
    fill(this.list, this.#choices.map((person, index) => h('li.name', {
      role: 'option', id: `${this.list.id}-${index}`,
      // Before the field loses the focus.
      onpointerdown: (event) => { event.preventDefault(); this.#take(person); },
    }, avatar(person.name, person.id, 'small'), h('span', person.name), h('small', person.email))));
    this.list.hidden = false;
    this.#mark(0);
  }

  #mark(index) {
    this.#at = (index + this.#choices.length) % this.#choices.length;
    [...this.list.children].forEach((item, at) => item.setAttribute('aria-selected', String(at === this.#at)));
    this.list.children[this.#at].scrollIntoView({ block: 'nearest' });
    this.input.setAttribute('aria-activedescendant', `${this.list.id}-${this.#at}`);
  }

  #take({ id, name }) {
    const { start, query } = this.#mention;
    const { value } = this.input;
    const after = value.slice(start + 1 + query.length);
    this.#picked.set(id, { id, name });
    this.input.value = `${value.slice(0, start)}@${name}${/^\s/.test(after) ? '' : ' '}${after}`;
    const caret = start + name.length + 2;
    this.input.setSelectionRange(caret, caret);
    this.#close();
  }

  #close() {
    this.list.hidden = true;
    this.input.removeAttribute('aria-activedescendant');
  }
}
