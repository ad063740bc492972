// A button that opens a short list of choices, one of which is taken.
import { h, setText } from '../dom.js';
import { icon } from '../icons.js';

export class ChoiceMenu {
  #close = (event) => { if (!this.element.contains(event.target)) this.open = false; };

  /** choices: [{value, label, note?}]; `choose(value)` is called for what the person takes. */
  constructor({ label, iconName, choose }) {
    this.choose = choose;
    this.name = label;
    this.text = h('span.menu-text');
    this.button = h('button.player-button.menu-button', {
      type: 'button', 'aria-haspopup': 'menu', 'aria-expanded': false, title: label,
      onclick: () => { this.open = this.list.hidden; },
    }, icon(iconName), this.text);
    this.list = h('div.menu-list', { role: 'menu', 'aria-label': label, hidden: true, onkeydown: (event) => this.#key(event) });
    this.element = h('div.menu', this.button, this.list);
  }

  update(choices, taken, summary) {
    this.text.textContent = summary;
    this.button.setAttribute('aria-label', `${this.name}: ${summary}`);
    const names = choices.map(({ value, label }) => `${value} ${label}`).join();
    // Items stay the same as long as they can: one that is replaced under the pointer swallows the click.
    if (names !== this.names) this.list.replaceChildren(...choices.map((choice) => this.#item(choice)));
    this.names = names;
    choices.forEach(({ value, note = '' }, index) => {
      const item = this.#items[index];
      item.setAttribute('aria-checked', String(value === taken));
      setText(item.lastChild, note);
    });
  }

  #item({ value, label }) {
    return h('button.menu-item', {
      type: 'button', role: 'menuitemradio', tabindex: '-1', dataset: { value: String(value) },
      onclick: () => { this.choose(value); this.open = false; this.button.focus(); },
    }, icon('check'), h('span', label), h('small'));
  }

  set open(isOpen) {
    if (this.list.hidden !== isOpen) return;
    this.list.hidden = !isOpen;
    this.button.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) {
      document.addEventListener('pointerdown', this.#close);
      (this.list.querySelector('[aria-checked=true]') ?? this.#items[0])?.focus();
    } else {
      document.removeEventListener('pointerdown', this.#close);
    }
  }

  get isOpen() { return !this.list.hidden; }

  get #items() { return [...this.list.children]; }

  #key(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const targets = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    if (event.key in targets) items[(targets[event.key] + items.length) % items.length].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') this.open = false;
    else return;
    event.stopPropagation();
    if (event.key === 'Tab') return;
    event.preventDefault();
    if (event.key === 'Escape') this.button.focus();
  }
}
