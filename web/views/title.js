// A heading that turns into a text field: Enter saves, Escape gives up, leaving it saves too.
import { sentence } from '../api.js';
import { h, setText } from '../dom.js';
import { icon } from '../icons.js';

export class TitleEditor {
  #title = '';

  constructor({ save, longest = 200 }) {
    this.save = save;
    this.heading = h('h1.title-text');
    this.edit = h('button.icon-button', { type: 'button', 'aria-label': 'Edit title', title: 'Edit title', hidden: true, onclick: () => this.#open() }, icon('pencil'));
    this.input = h('input.title-input', {
      type: 'text', 'aria-label': 'Title', maxlength: longest, hidden: true,
      onkeydown: (event) => this.#key(event), onblur: () => this.#commit(),
    });
    this.error = h('p.form-error', { role: 'alert' });
    this.element = h('div.title', h('div.title-line', this.heading, this.input, this.edit), this.error);
  }

  update(title, canEdit) {
    this.#title = title;
    this.canEdit = canEdit;
    setText(this.heading, title);
    if (this.input.hidden) this.edit.hidden = !canEdit;
  }

  #open() {
    this.input.value = this.#title;
    this.#toggle(true);
    this.input.select();
  }

  #toggle(isEditing) {
    this.input.hidden = !isEditing;
    this.heading.hidden = isEditing;
    this.edit.hidden = isEditing || !this.canEdit;
    setText(this.error, '');
    if (isEditing) this.input.focus();
  }

  #key(event) {
    if (event.key === 'Enter') this.#commit();
    else if (event.key === 'Escape') this.#close();
    else return;
    event.preventDefault();
  }

  #close() {
    const hadFocus = document.activeElement === this.input;
    this.#toggle(false);
    if (hadFocus) this.edit.focus();
  }

  async #commit() {
    if (this.input.hidden || this.saving) return;
    const title = this.input.value.trim();
    if (!title || title === this.#title) return this.#close();
    this.saving = true;
    try {
      await this.save(title);
      this.#close();
    } catch (error) {
      setText(this.error, sentence(error));
    } finally {
      this.saving = false;
    }
  }
}
