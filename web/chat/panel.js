// A room as people see it: who is there, what was said, how the line is, and a field to write in.
import { api, sentence } from '../api.js';
import { confirmAction } from '../views/dialog.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { MessageField } from '../people/field.js';
import { people } from '../people/people.js';
import { PollsView } from '../polls/view.js';
import { mayModerate, mayTakePart } from '../roles.js';
import { session } from '../session.js';
import { plain } from '../text.js';
import { chat } from './live.js';
import { LogList } from './loglist.js';
import { presenceBar } from './present.js';
import { showRevisions } from './revisions.js';
import { connectionBar } from './status.js';

export class ChatPanel {
  #ends = [];
  #frame = 0;
  #reply = null;
  #edited = null;
  #saving = null;

  /** `seek(seconds)` makes times in messages lead into the video. `focusOn`: a message to point at. */
  constructor(room, { seek, focusOn, emptyText = 'Nothing was said here yet.' } = {}) {
    Object.assign(this, { room, focusOn });
    const { user } = session.me;
    const isMine = ({ author }) => author === user.id;
    this.readSeq = room.readSeq ?? 0;
    this.log = new LogList({
      label: 'Messages', me: user.id,
      older: () => chat.loadOlder(room.id).catch((error) => this.#say(sentence(error))),
      seen: () => this.#seen(),
      acts: {
        seek,
        reply: mayTakePart(user) && !room.closedAt ? (message) => this.#answer(message) : null,
        edit: (message) => this.#edit(message),
        remove: (message) => this.#remove(message),
        retry: (clientId) => chat.retry(room.id, clientId),
        discard: (clientId) => chat.discard(room.id, clientId),
        revisions: showRevisions,
        maySeeRevisions: (message) => isMine(message) || mayModerate(user),
        mayEdit: (message) => isMine(message) && mayTakePart(user),
        mayRemove: (message) => isMine(message) && mayTakePart(user) || mayModerate(user),
        parent: (id) => chat.log(room.id).message(id),
      },
    });
    fill(this.log.empty, icon('chat'), h('p', emptyText));
    this.polls = new PollsView(room, { around: (act) => this.log.keepEnd(act) });
    this.#ends.push(() => this.polls.dispose());
    this.present = presenceBar(room.kind === 'video');
    this.typing = h('p.typing', { role: 'status' });
    this.trouble = h('p.room-trouble', { role: 'alert' });
    this.context = h('div.composer-context', { hidden: true });
    this.element = h('section.room', { 'aria-label': 'Chat' }, this.present.element, this.#status(), h('div.room-body', this.polls.element, this.log.element), this.typing, this.trouble, this.#composer(user));
    this.#start();
  }

  /** The panel came into view again, where its place was lost. */
  shown() { this.log.toEnd(); }

  dispose() {
    this.#ends.forEach((end) => end());
    cancelAnimationFrame(this.#frame);
  }

  #status() {
    const bar = connectionBar();
    this.#ends.push(bar.dispose);
    return bar.element;
  }

  #composer(user) {
    if (!mayTakePart(user)) return h('p.composer-note', 'Viewers can read along.');
    if (this.room.closedAt) return h('p.composer-note', 'This room is closed.');
    this.field = new MessageField({
      label: 'Message', placeholder: 'Write a message', submit: (body) => this.#submit(body),
      cancel: () => this.#endContext(), typed: () => { if (!this.field.isEmpty) chat.typing(this.room.id); },
    });
    const send = h('button.send-button', { type: 'button', 'aria-label': 'Send', title: 'Send', onclick: () => this.#submit(this.field.body) }, icon('send'));
    return h('div.composer', this.context, h('div.composer-line', this.polls.button(), this.field.element, send));
  }

  async #start() {
    const { id } = this.room;
    const on = (name, act) => this.#ends.push(chat.on(name, (detail) => { if (!detail.roomId || detail.roomId === id) act(detail); }));
    on('changed', () => this.#draw());
    on('presence', () => this.#showPresent());
    on('typing', () => this.#showTyping());
    on('trouble', ({ detail }) => this.#say(detail));
    this.#ends.push(people.on('change', () => { this.#draw(); this.#showPresent(); }), chat.follow(id));
    const seen = () => { if (!document.hidden && this.log.isAtEnd) this.#seen(); };
    document.addEventListener('visibilitychange', seen);
    this.#ends.push(() => document.removeEventListener('visibilitychange', seen));
    people.load();
    await this.#load();
  }

  async #load() {
    try {
      await chat.load(this.room.id);
      this.#say('');
    } catch (error) {
      const again = h('button.link-button', { type: 'button', onclick: () => this.#load() }, 'Try again');
      fill(this.trouble, icon('alert'), `The messages could not be loaded. ${sentence(error)} `, again);
    }
    this.#draw();
    this.#showPresent();
  }

  #draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.log.draw(chat.log(this.room.id), this.readSeq);
      if (this.focusOn && chat.log(this.room.id).isLoaded) this.#point();
    });
  }

  /** An older message is looked for in a few earlier pages. */
  async #point() {
    const id = this.focusOn;
    this.focusOn = null;
    for (let page = 0; page < 10 && !this.log.point(id) && chat.log(this.room.id).hasOlder; page += 1) {
      await chat.loadOlder(this.room.id).catch(() => {});
      this.log.draw(chat.log(this.room.id), this.readSeq);
    }
  }

  #seen() {
    const { newestSeq, position } = chat.log(this.room.id);
    if (!document.hidden && newestSeq && this.element.offsetParent) chat.read(this.room.id, Math.max(newestSeq, position ?? 0));
  }

  #submit(body) {
    if (!body) return;
    if (this.field.problem) return this.#say(this.field.problem);
    this.#say('');
    if (this.#edited) return this.#save(this.#edited, body);
    chat.send(this.room.id, body, this.#reply?.id);
    this.#endContext();
    this.field.clear();
  }

  /** The words stay in the field until the server has them. */
  async #save(message, body) {
    if (this.#saving === message) return;
    this.#saving = message;
    try {
      chat.take(this.room.id, await api.patch(`/v1/messages/${message.id}`, { body }));
      if (this.#edited === message && this.field.body === body) this.#endContext();
    } catch (error) {
      this.#say(`The message was not changed. ${sentence(error)}`);
    }
    if (this.#saving === message) this.#saving = null;
  }

  #remove(message) {
    confirmAction({
      title: 'Delete this message?', text: plain(message.body, (id) => people.name(id)), action: 'Delete',
      act: async () => { await api.delete(`/v1/messages/${message.id}`); chat.catchUp(this.room.id); },
    });
  }

  #answer(message) {
    // The words of an edit are no reply.
    if (this.#edited) this.field.clear();
    this.#reply = message;
    this.#edited = null;
    this.#showContext('reply', `Reply to ${people.name(message.author)}`, message);
  }

  #edit(message) {
    this.#edited = message;
    this.#reply = null;
    this.field.body = message.body;
    this.#showContext('pencil', 'Edit message', message);
  }

  #showContext(name, title, message) {
    fill(this.context, icon(name), h('div', h('strong', title), h('span', plain(message.body, (id) => people.name(id)))),
      h('button.icon-button', { type: 'button', 'aria-label': 'Cancel', onclick: () => this.#endContext() }, icon('close')));
    this.context.hidden = false;
    this.field.focus();
  }

  #endContext() {
    if (this.#edited) this.field.clear();
    this.#reply = null;
    this.#edited = null;
    this.context.hidden = true;
  }

  #showPresent() { this.present.draw(chat.log(this.room.id)); }

  #showTyping() {
    const names = [...chat.log(this.room.id).typing].map((id) => people.name(id).split(' ')[0]);
    setText(this.typing, names.length === 0 ? '' : names.length > 2 ? 'Several people are typing…' : `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing…`);
  }

  #say(text) { setText(this.trouble, text); }
}
