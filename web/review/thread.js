// One comment with its replies.
import { fill, h } from '../dom.js';
import { ago, fullTime, timecode } from '../format.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { MessageField } from '../people/field.js';
import { prose } from '../people/prose.js';

export class ThreadRow {
  #drawn = '';

  /** acts: {seek, select, reply, resolve, edit, remove, retry, discard}; `source` says what is allowed. */
  constructor(acts, source) {
    Object.assign(this, { acts, source });
    this.content = h('div');
    this.writing = h('div.thread-writing', { hidden: true });
    this.element = h('li.thread', this.content, this.writing);
  }

  update({ comment, replies }) {
    this.comment = comment;
    const names = [comment, ...replies].map(({ author }) => this.source.nameOf(author));
    const drawn = JSON.stringify([comment, replies, names]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const hadFocus = this.content.contains(document.activeElement);
    this.element.dataset.id = comment.id;
    this.element.classList.toggle('is-resolved', Boolean(comment.resolvedAt));
    fill(this.content, this.#time(comment), this.#one(comment), replies.map((reply) => h('div.thread-reply', this.#one(reply))), this.#foot(comment));
    if (hadFocus) this.content.querySelector('button')?.focus();
  }

  set isSelected(is) { this.element.classList.toggle('is-selected', is); }

  #time(comment) {
    if (!Number.isFinite(comment.atSeconds)) return null;
    const text = comment.untilSeconds ? `${timecode(comment.atSeconds)} – ${timecode(comment.untilSeconds)}` : timecode(comment.atSeconds);
    return h('div.thread-top',
      h('button.timecode', { type: 'button', 'aria-label': `Go to ${text}`, onclick: () => this.acts.select(comment) }, text),
      comment.drawing && h('span.thread-mark', { title: 'Has a drawing' }, icon('draw'), h('span.visually-hidden', 'Has a drawing')),
      comment.resolvedAt && h('span.badge.good', 'Resolved'));
  }

  #one(comment) {
    const name = this.source.nameOf(comment.author);
    return h('div.comment', { tabindex: '-1', dataset: { comment: comment.id } }, avatar(name, comment.author?.userId ?? name, 'small'),
      h('div.comment-main',
        h('p.message-head', h('strong', name), this.source.isGuest(comment.author) && h('span.you', 'guest'),
          h('time', { datetime: comment.createdAt, title: fullTime(comment.createdAt) }, ago(comment.createdAt)),
          comment.editedAt && h('small.edited', '(edited)')),
        comment.deletedAt ? h('p.message-body.is-deleted', 'This comment was deleted.') : h('p.message-body', prose(comment.body, { seek: this.acts.seek })),
        comment.state && this.#state(comment)),
      this.#menu(comment));
  }

  #menu(comment) {
    if (comment.deletedAt || comment.state) return null;
    const act = (label, name, run) => h('button.icon-button', { type: 'button', 'aria-label': label, title: label, onclick: run }, icon(name));
    const { source } = this;
    return h('div.message-actions',
      source.mayEdit(comment) && act('Edit', 'pencil', () => this.write('Save', (body) => this.acts.edit(comment, body), comment.body)),
      source.mayRemove(comment) && act('Delete', 'trash', () => this.acts.remove(comment)));
  }

  #state({ id, state, reason }) {
    if (state === 'sending') return h('p.message-state', icon('clock'), 'Sending…');
    return h('p.message-state.failed', { role: 'alert' }, icon('alert'), h('span', reason),
      h('button.link-button', { type: 'button', onclick: () => this.acts.retry(id) }, 'Try again'),
      h('button.link-button', { type: 'button', onclick: () => this.acts.discard(id) }, 'Discard'));
  }

  #foot(comment) {
    if (comment.state || comment.deletedAt) return null;
    const { source } = this;
    return h('div.thread-foot',
      source.canComment && h('button.link-button', { type: 'button', onclick: () => this.write('Reply', (body) => this.acts.reply(comment, body)) }, 'Reply'),
      source.canResolve && h('button.link-button', { type: 'button', onclick: () => this.acts.resolve(comment, !comment.resolvedAt) }, comment.resolvedAt ? 'Reopen' : 'Resolve'));
  }

  /** A field below the thread, for a reply or an edit; it closes once `save(text)` is done. */
  write(action, save, body = '') {
    let isBusy = false;
    const close = () => {
      if (!this.writing.contains(field.element)) return;
      this.writing.hidden = true;
      fill(this.writing);
    };
    const submit = async (text) => {
      if (!text || field.problem || isBusy) return;
      isBusy = true;
      try {
        await save(text);
        close();
      } catch {
        // The panel says why; the words stay for another try.
      }
      isBusy = false;
    };
    const field = new MessageField({ label: action, placeholder: 'Write a reply', submit, cancel: close, mentions: this.source.mentions });
    fill(this.writing, field.element, h('div.writing-actions',
      h('button.button.small', { type: 'button', onclick: close }, 'Cancel'),
      h('button.button.small.primary', { type: 'button', onclick: () => submit(field.body) }, action)));
    this.writing.hidden = false;
    if (body) field.body = body;
    field.focus();
  }
}
