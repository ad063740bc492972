// Where the person is logged in, and the password.
import { api, sentence } from '../api.js';
import { fill, h } from '../dom.js';
import { ago, fullTime } from '../format.js';
import { icon } from '../icons.js';
import { deviceName, isPhone } from '../people/device.js';
import { randomKey, session } from '../session.js';
import { toast } from '../toast.js';
import { confirmAction } from './dialog.js';
import { field, form } from './form.js';

/** The list of sessions; `again()` reads it anew. */
export function sessionList() {
  const list = h('ul.sessions', { 'aria-label': 'Where you are logged in' });
  const status = h('p.muted', { role: 'status' }, 'Loading…');
  const more = h('button.button.small', { type: 'button', hidden: true, onclick: () => load() }, 'Show more');
  const others = h('button.button', { type: 'button', onclick: () => confirmAction({
    title: 'Sign out everywhere else?',
    text: 'All other browsers and devices are signed out at once. This one stays.',
    action: 'Sign out everywhere else',
    act: async () => {
      await api.delete('/v1/sessions/others');
      toast('You are signed out everywhere else.');
      again();
    },
  }) }, 'Sign out everywhere else');
  const foot = h('div.dialog-actions', { hidden: true }, more, others);
  const element = h('div', list, status, foot);
  let cursor = null;

  async function load() {
    more.disabled = true;
    try {
      const page = await api.get(`/v1/sessions?${new URLSearchParams({ limit: 20, ...(cursor && { cursor }) })}`);
      if (!cursor) list.replaceChildren();
      cursor = page.nextCursor;
      list.append(...page.items.map(row));
      more.hidden = !cursor;
      settle();
      fill(status);
    } catch (error) {
      fill(status, icon('alert'), `Your sessions could not be loaded. ${sentence(error)} `, h('button.link-button', { type: 'button', onclick: () => load() }, 'Try again'));
    }
    more.disabled = false;
  }

  function again() {
    cursor = null;
    load();
  }

  function settle() {
    foot.hidden = list.children.length < 2 && !cursor;
  }

  function row(each) {
    const name = deviceName(each.userAgent);
    const item = h('li.session',
      icon(isPhone(each.userAgent) ? 'phone' : 'screen'),
      h('div.session-what', h('strong', { title: each.userAgent }, name, each.isCurrent && h('span.you', 'this one')),
        h('span', { title: `Signed in ${fullTime(each.createdAt)}` }, each.isCurrent ? `Signed in ${ago(each.createdAt)}` : `Signed in ${ago(each.createdAt)} · active ${ago(each.lastSeenAt)}`)),
      h('button.button.small', { type: 'button', 'aria-label': `Sign out ${each.isCurrent ? 'here' : name}`, onclick: each.isCurrent ? leave : end }, 'Sign out'));

    function leave() {
      item.dispatchEvent(new Event('log-out', { bubbles: true }));
    }

    async function end({ currentTarget: button }) {
      button.disabled = true;
      try {
        await api.delete(`/v1/sessions/${each.id}`);
        item.remove();
        settle();
        toast(`${name} is signed out.`);
      } catch (error) {
        button.disabled = false;
        toast(sentence(error), { kind: 'error' });
      }
    }

    return item;
  }

  load();
  return { element, again };
}

export function passwordForm({ changed }) {
  // For password keepers, which otherwise do not know whose password this is.
  const whose = h('input', { type: 'email', name: 'username', autocomplete: 'username', value: session.me.user.email, hidden: true, readonly: true });
  const current = field({ label: 'Current password', name: 'currentPassword', type: 'password', autocomplete: 'current-password' });
  const next = field({ label: 'New password', name: 'newPassword', type: 'password', autocomplete: 'new-password', minlength: 8, maxlength: 256, hint: 'At least 8 characters. All other browsers and devices are signed out.' });
  return form({
    fields: [current, next], extra: whose, action: 'Change password',
    submit: async ({ currentPassword, newPassword }) => {
      await api.put('/v1/me/password', { currentPassword, newPassword }, { key: keyOf(currentPassword, newPassword) });
      for (const each of [current, next]) each.input.value = '';
      last = {};
      toast('Your password is changed.');
      changed();
    },
  });
}

let last = {};

/** One key for one wish: asked again after a lost answer, the change is not refused for the password that it has made. */
function keyOf(...words) {
  const wish = JSON.stringify(words);
  if (last.wish !== wish) last = { wish, key: randomKey() };
  return last.key;
}
