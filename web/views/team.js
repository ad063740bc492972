// Who belongs to the team, and how others come in.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { ago } from '../format.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { grantable, mayChange, mayManage, ROLES } from '../roles.js';
import { session } from '../session.js';
import { toast } from '../toast.js';
import { copyLine } from './copyline.js';
import { confirmAction } from './dialog.js';
import { field, form } from './form.js';

const LABELS = Object.fromEntries(ROLES.map(([name, label]) => [name, label]));

export function team() {
  const view = new Team();
  return { element: view.element, title: 'Team', dispose: () => view.lifetime.abort() };
}

class Team {
  lifetime = new AbortController();
  #cursor = null;

  constructor() {
    this.list = h('ul.people', { 'aria-label': 'People' });
    this.status = h('p.library-status', { role: 'status' });
    this.more = h('button.button.more', { type: 'button', hidden: true, onclick: () => this.#load() }, 'Load more');
    this.element = h('div.page.team',
      h('div.page-head', h('div', h('h1', 'Team'), h('p.lead', session.me.tenant.name))),
      h('div.team-columns',
        h('div', this.list, this.status, this.more),
        mayManage(session.me.user) && this.#invitation()));
    this.#load();
  }

  async #load() {
    const query = new URLSearchParams({ limit: 50, ...(this.#cursor && { cursor: this.#cursor }) });
    this.more.disabled = true;
    try {
      const page = await api.get(`/v1/users?${query}`, { signal: this.lifetime.signal });
      this.#cursor = page.nextCursor;
      this.list.append(...page.items.map((user) => this.#row(user)));
      this.more.hidden = !this.#cursor;
      setText(this.status, '');
    } catch (error) {
      if (this.lifetime.signal.aborted) return;
      fill(this.status, icon('alert'), sentence(error));
      this.more.hidden = false;
    } finally {
      this.more.disabled = false;
    }
  }

  #row(user) {
    const { user: self } = session.me;
    const canChange = mayChange(self, user);
    const row = h('li.person',
      avatar(user.name, user.id),
      h('div.person-who', h('strong', user.name, user.id === self.id && h('span.you', 'you')), h('span', user.email)),
      h('span.person-since', `Joined ${ago(user.createdAt)}`),
      canChange ? this.#roleChoice(user) : h('span.role', LABELS[user.role] ?? user.role),
      canChange
        ? h('button.icon-button', { type: 'button', 'aria-label': `Remove ${user.name}`, title: 'Remove', onclick: () => this.#confirmRemove(user, row) }, icon('trash'))
        : h('span.no-action'));
    return row;
  }

  #roleChoice(user) {
    const select = roleSelect(user.role, { 'aria-label': `Role of ${user.name}` });
    select.addEventListener('change', async () => {
      select.disabled = true;
      try {
        const changed = await api.patch(`/v1/users/${user.id}`, { role: select.value });
        user.role = changed.role;
        toast(`${user.name} is now ${LABELS[changed.role].toLowerCase()}.`);
      } catch (error) {
        toast(sentence(error), { kind: 'error' });
      }
      select.value = user.role;
      select.disabled = false;
    });
    return h('span.select', select, icon('chevronDown'));
  }

  #confirmRemove(user, row) {
    confirmAction({
      title: `Remove ${user.name}?`,
      text: `${user.name} is logged out and loses access at once. Their videos stay.`,
      action: 'Remove',
      act: async () => {
        await api.delete(`/v1/users/${user.id}`);
        row.remove();
        toast(`${user.name} is removed.`);
      },
    });
  }

  #invitation() {
    const email = field({ label: 'Email', name: 'email', type: 'email', autocomplete: 'off' });
    const role = roleSelect('member', { id: 'invite-role' });
    const result = h('div', { 'aria-live': 'polite' });
    return h('section.panel', { 'aria-labelledby': 'invite-title' },
      h('h2', { id: 'invite-title' }, 'Invite somebody'),
      form({
        fields: [email],
        extra: h('div.field', h('label', { for: 'invite-role' }, 'Role'), h('span.select', role, icon('chevronDown'))),
        action: 'Create invitation',
        submit: async (values) => {
          const answer = await api.post('/v1/invitations', { email: values.email.trim(), role: role.value });
          email.input.value = '';
          fill(result, invitationLink(answer));
        },
      }),
      result);
  }
}

function invitationLink({ invitation, token }) {
  const address = `${location.origin}/#/invite/${encodeURIComponent(token)}`;
  return h('div.invite-link',
    h('p', `Send this link to ${invitation.email}. It is shown only now and works once, until ${new Date(invitation.expiresAt).toLocaleDateString(undefined, { dateStyle: 'medium' })}.`),
    copyLine(address, 'Invitation link'));
}

function roleSelect(chosen, properties) {
  const roles = grantable(session.me.user);
  return h('select', properties, roles.map(([value, label]) => h('option', { value, selected: value === chosen }, label)));
}
