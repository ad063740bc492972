// Whether a video is approved, by whom, and the person's own word on it.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { ago } from '../format.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { people } from '../people/people.js';
import { mayTakePart } from '../roles.js';
import { session } from '../session.js';
import { showDialog } from '../views/dialog.js';

const STATES = {
  none: ['No decision yet', ''],
  pending: ['In review', 'processing'],
  approved: ['Approved', 'good'],
  changes_requested: ['Changes requested', 'warn'],
};

export function approvalBadge(state) {
  const [text, kind] = STATES[state] ?? STATES.none;
  return h('span.badge', { class: kind }, text);
}

export class Approval {
  constructor(videoId) {
    this.videoId = videoId;
    this.button = h('button.button.small.approval-button', { type: 'button', 'aria-haspopup': 'dialog', onclick: () => this.#open() });
    this.element = h('div.approval', this.button);
    this.#draw();
    this.reload();
  }

  async reload() {
    try {
      this.state = await api.get(`/v1/videos/${this.videoId}/approvals`);
      this.failure = '';
    } catch (error) {
      this.failure = sentence(error);
    }
    this.#draw();
  }

  #draw() {
    const state = this.state?.state ?? 'none';
    const name = { approved: 'check', changes_requested: 'alert' }[state] ?? 'clock';
    this.element.dataset.state = this.failure && !this.state ? 'none' : state;
    fill(this.button, icon(name), h('span', this.failure && !this.state ? 'Approval unavailable' : STATES[state][0]));
    this.button.title = this.failure;
    if (this.list) this.#fillList();
  }

  #open() {
    if (this.failure && !this.state) return this.reload();
    people.load();
    this.list = h('ul.decisions');
    this.problem = h('p.form-error', { role: 'alert' });
    const note = h('textarea.note', { rows: '2', maxlength: '500', 'aria-label': 'Note', placeholder: 'Add a note (optional)' });
    const decide = (label, state, kind, name) => h('button.button', { type: 'button', class: kind, onclick: () => this.#decide(state, note) }, name && icon(name), label);
    this.dialog = showDialog('Approval', this.list, mayTakePart(session.me.user) && h('div.decide', note, this.problem, h('div.decide-actions',
      decide('Approve', 'approved', 'primary', 'check'), decide('Request changes', 'changes_requested', '', 'alert'), decide('Withdraw', 'none', 'quiet'))));
    this.dialog.addEventListener('close', () => { this.list = null; });
    this.#fillList();
  }

  #fillList() {
    const items = this.state?.items ?? [];
    fill(this.list, items.length === 0 && h('li.decision-none', this.state ? 'Nobody has decided yet.' : 'Loading…'), items.map(({ userId, state, note, at }) => h('li.decision',
      avatar(people.name(userId), userId, 'small'),
      h('div', h('p', h('strong', people.name(userId)), ' ', approvalBadge(state), h('time', { datetime: at }, ` ${ago(at)}`)), note && h('p.decision-note', note)))));
  }

  async #decide(state, note) {
    try {
      this.state = await api.put(`/v1/videos/${this.videoId}/approval`, { state, ...(note.value.trim() && { note: note.value.trim() }) });
      note.value = '';
      setText(this.problem, '');
      this.#draw();
    } catch (error) {
      setText(this.problem, sentence(error));
    }
  }
}
