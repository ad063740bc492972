// One message of a room, as it stands now.
import { fill, h } from '../dom.js';
import { fullTime, timeOfDay } from '../format.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { people } from '../people/people.js';
import { prose } from '../people/prose.js';
import { plain } from '../text.js';

const STATES = { sending: 'Sending…', waiting: 'Waiting for the connection…' };

export class MessageRow {
  #drawn = '';

  /** acts: {reply, edit, remove, retry, discard, seek, revisions, mayEdit(message), mayRemove(message), maySeeRevisions(message), parent(id)} */
  constructor(acts) {
    this.acts = acts;
    // A tap gives it the focus, which shows what can be done with it.
    this.element = h('li.message', { tabindex: '-1' });
  }

  update(message, { author, isFirst }) {
    const parent = message.parentId ? this.acts.parent(message.parentId) : null;
    const name = people.name(author);
    const drawn = JSON.stringify([message, isFirst, name, parent?.body, parent?.author && people.name(parent.author)]);
    if (drawn === this.#drawn) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.#drawn = drawn;
    this.message = message;
    this.element.dataset.state = message.state ?? 'sent';
    this.element.classList.toggle('is-first', isFirst);
    fill(this.element,
      isFirst ? avatar(name, author) : h('span.message-side', { 'aria-hidden': true }, message.sentAt && timeOfDay(message.sentAt)),
      h('div.message-main',
        isFirst && h('p.message-head', h('strong', name), message.sentAt && h('time', { datetime: message.sentAt, title: fullTime(message.sentAt) }, timeOfDay(message.sentAt))),
        message.parentId && this.#quote(parent),
        this.#body(message),
        message.state && this.#state(message)),
      message.id && !message.deletedAt && this.#actions(message));
    if (hadFocus) this.element.querySelector('button')?.focus();
  }

  /** Lights up once, for whoever came from elsewhere to this message. */
  point() {
    this.element.scrollIntoView({ block: 'center' });
    this.element.classList.add('is-pointed');
    setTimeout(() => this.element.classList.remove('is-pointed'), 2500);
  }

  #body(message) {
    if (message.deletedAt) return h('p.message-body.is-deleted', 'This message was deleted.');
    return h('p.message-body', prose(message.body, { seek: this.acts.seek }), message.editedAt && this.#edited(message));
  }

  #edited(message) {
    const title = fullTime(message.editedAt);
    if (!this.acts.maySeeRevisions(message)) return h('small.edited', { title }, ' (edited)');
    return h('button.edited', { type: 'button', title: `${title}: see what it said before`, onclick: () => this.acts.revisions(message) }, '(edited)');
  }

  #quote(parent) {
    if (!parent) return h('p.quote', 'An earlier message');
    return h('p.quote', h('strong', people.name(parent.author)), ' ', parent.deletedAt ? 'deleted' : plain(parent.body, (id) => people.name(id)));
  }

  #state({ state, reason, clientId }) {
    if (state !== 'failed') return h('p.message-state', icon('clock'), STATES[state]);
    return h('p.message-state.failed', { role: 'alert' }, icon('alert'), h('span', reason),
      h('button.link-button', { type: 'button', onclick: () => this.acts.retry(clientId) }, 'Try again'),
      h('button.link-button', { type: 'button', onclick: () => this.acts.discard(clientId) }, 'Discard'));
  }

  #actions(message) {
    const { acts } = this;
    const act = (label, name, run) => h('button.icon-button', { type: 'button', 'aria-label': label, title: label, onclick: run }, icon(name));
    return h('div.message-actions',
      acts.reply && act('Reply', 'reply', () => acts.reply(message)),
      acts.mayEdit(message) && act('Edit', 'pencil', () => acts.edit(message)),
      acts.mayRemove(message) && act('Delete', 'trash', () => acts.remove(message)));
  }
}
