// What the person may choose: name, notifications, password, and where to stay signed in.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { avatar } from '../people/avatar.js';
import { session } from '../session.js';
import { toast } from '../toast.js';
import { zonesOf } from '../zones.js';
import { themeButton } from './entry.js';
import { field, form } from './form.js';
import { passwordForm, sessionList } from './signin.js';

const KINDS = [['mention', 'Somebody mentions you'], ['reply', 'Somebody replies to you'], ['comment', 'Comments on your videos'], ['approval', 'Decisions on your videos'],
  ['direct_message', 'Direct messages'], ['room_added', 'Somebody adds you to a room'], ['video_ready', 'A video is ready'], ['video_failed', 'A video fails']];
const WAYS = [['instant', 'At once'], ['digest', 'In the digest'], ['off', 'Never']];
const PERIODS = [['daily', 'Every day'], ['weekly', 'Every week'], ['off', 'No digest']];

export function settings() {
  const { user, tenant } = session.me;
  const name = field({ label: 'Name', name: 'name', type: 'text', value: user.name, maxlength: 100, autocomplete: 'name' });
  const who = h('div.settings-who', avatar(user.name, user.id, 'large'), h('div', h('strong', user.name), h('span', user.email), h('span.muted', `${tenant.name} · ${user.role}`)));
  const choices = h('div');
  loadChoices(choices);
  const sessions = sessionList();
  const element = h('div.page.narrow.settings', h('div.page-head', h('h1', 'Settings')),
    h('section.panel', h('h2', 'Profile'), who, form({
      fields: [name], action: 'Save name',
      submit: async (values) => {
        session.me = await api.patch('/v1/me', { name: values.name.trim() });
        setText(who.querySelector('strong'), session.me.user.name);
        toast('Your name is changed.');
      },
    })),
    h('section.panel', { id: 'notification-settings' }, h('h2', 'Notifications'), choices),
    h('section.panel', h('h2', 'Appearance'), h('div.setting-line', h('span', 'Dark or light; follows your system until you choose.'), themeButton())),
    h('section.panel', { id: 'password-settings' }, h('h2', 'Password'), passwordForm({ changed: sessions.again })),
    h('section.panel', { id: 'session-settings' }, h('h2', 'Where you are signed in'), sessions.element));
  return { element, title: 'Settings' };
}

async function loadChoices(place) {
  fill(place, h('p.muted', 'Loading…'));
  try {
    fill(place, preferences(await api.get('/v1/notifications/preferences')));
  } catch (error) {
    fill(place, h('p.room-trouble', icon('alert'), `Your choices could not be loaded. ${sentence(error)} `, h('button.link-button', { type: 'button', onclick: () => loadChoices(place) }, 'Try again')));
  }
}

function preferences(chosen) {
  const inApp = new Map();
  const email = new Map();
  const rows = KINDS.map(([kind, label]) => {
    inApp.set(kind, h('input', { type: 'checkbox', checked: chosen.inApp?.[kind] !== false, 'aria-label': `${label}: in the app` }));
    email.set(kind, choice(WAYS, chosen.email?.[kind] ?? 'off', `${label}: by e-mail`));
    return h('tr', h('th', { scope: 'row' }, label), h('td', inApp.get(kind)), h('td', h('span.select', email.get(kind), icon('chevronDown'))));
  });
  const period = choice(PERIODS, chosen.digest?.period ?? 'off', 'Digest');
  const hour = choice(Array.from({ length: 24 }, (_, at) => [String(at), `${String(at).padStart(2, '0')}:00`]), String(chosen.digest?.hour ?? 8), 'Hour of the digest');
  const quiet = h('input', { type: 'checkbox', checked: Boolean(chosen.quietHours), onchange: () => { hours.hidden = !quiet.checked; } });
  const from = h('input', { type: 'time', value: chosen.quietHours?.from ?? '22:00', 'aria-label': 'Quiet from' });
  const until = h('input', { type: 'time', value: chosen.quietHours?.until ?? '07:00', 'aria-label': 'Quiet until' });
  const hours = h('span.quiet-hours', { hidden: !chosen.quietHours }, from, ' to ', until);
  const zones = zonesOf([chosen.timeZone, Intl.DateTimeFormat().resolvedOptions().timeZone, 'UTC', ...Intl.supportedValuesOf?.('timeZone') ?? []]);
  const zone = choice(zones.map((each) => [each, each.replaceAll('_', ' ')]), chosen.timeZone ?? 'UTC', 'Time zone');
  const status = h('p.form-error', { role: 'alert' });
  const save = h('button.button.primary', { type: 'button', onclick: put }, 'Save choices');

  async function put() {
    save.disabled = true;
    const collect = (inputs, read) => Object.fromEntries([...inputs].map(([kind, input]) => [kind, read(input)]));
    try {
      await api.put('/v1/notifications/preferences', {
        inApp: collect(inApp, (input) => input.checked), email: collect(email, (input) => input.value),
        digest: { period: period.value, hour: Number(hour.value) },
        quietHours: quiet.checked ? { from: from.value, until: until.value } : null, timeZone: zone.value,
      });
      setText(status, '');
      toast('Your choices are saved.');
    } catch (error) {
      setText(status, sentence(error));
    }
    save.disabled = false;
  }

  const select = (input) => h('span.select', input, icon('chevronDown'));
  return [h('table.choices-table', h('thead', h('tr', h('td'), h('th', { scope: 'col' }, 'In the app'), h('th', { scope: 'col' }, 'By e-mail'))), h('tbody', rows)),
    h('div.setting-line', h('span', 'Digest by e-mail'), h('span.setting-group', select(period), select(hour))),
    h('div.setting-line', h('label.check', quiet, h('span', 'Quiet hours: no e-mails')), hours),
    h('div.setting-line', h('span', 'Time zone'), select(zone)),
    status, h('div.dialog-actions', save)];
}

function choice(options, chosen, label) {
  return h('select', { 'aria-label': label }, options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)));
}
