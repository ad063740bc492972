// Links for guests: who has one finds the video without an account, until it ends.
import { api, sentence } from '../api.js';
import { fill, h, setText } from '../dom.js';
import { fullTime } from '../format.js';
import { icon } from '../icons.js';
import { allPages } from '../pages.js';
import { copyLine } from '../views/copyline.js';
import { showDialog } from '../views/dialog.js';
import { field, form } from '../views/form.js';

const LIVES = [['1', 'One day'], ['7', 'One week'], ['30', '30 days'], ['90', '90 days']];

export function showShares(video) {
  const list = h('ul.shares', { 'aria-label': 'Links' });
  const fresh = h('div', { 'aria-live': 'polite' });
  showDialog(`Share “${video.title}”`, h('p.lead', 'Anybody with the link can watch this video, without an account.'), newLink(video, fresh, load), fresh, h('h3', 'Links'), list).classList.add('wide');
  load();

  async function load() {
    try {
      const items = await allPages(`/v1/videos/${video.id}/shares`, (path) => api.get(path));
      fill(list, items.length === 0 && h('li.muted', 'No links yet.'), items.map((share) => row(share, video, load)));
    } catch (error) {
      fill(list, h('li.room-trouble', icon('alert'), sentence(error)));
    }
  }
}

function newLink(video, fresh, load) {
  const life = h('select', { id: 'share-life' }, LIVES.map(([days, label]) => h('option', { value: days, selected: days === '7' }, label)));
  const comments = h('input', { type: 'checkbox', id: 'share-comments', checked: true });
  const password = field({ label: 'Password', name: 'password', type: 'text', autocomplete: 'off', maxlength: 256, hint: 'Leave empty for none.' });
  const views = field({ label: 'Most views', name: 'maximumViews', type: 'number', min: 1, max: 1_000_000, hint: 'Leave empty for any number.' });
  for (const each of [password, views]) each.input.required = false;
  return form({
    fields: [password, views],
    action: 'Create link',
    extra: [h('div.field', h('label', { for: 'share-life' }, 'Ends after'), h('span.select', life, icon('chevronDown'))),
      h('label.check', comments, h('span', 'Guests may comment'))],
    submit: async (values) => {
      const { url, token } = await api.post(`/v1/videos/${video.id}/shares`, {
        expiresAt: new Date(Date.now() + Number(life.value) * 86_400_000).toISOString(),
        allowComments: comments.checked,
        ...(values.password && { password: values.password }),
        ...(values.maximumViews && { maximumViews: Number(values.maximumViews) }),
      });
      password.input.value = '';
      const address = `${location.origin}/shared/${encodeURIComponent(token)}`;
      fill(fresh, h('div.invite-link', h('p', 'Copy the link now: it is shown only once.'), copyLine(url && new URL(url, location.href).origin === location.origin ? new URL(url, location.href).href : address, 'Link')));
      load();
    },
  });
}

function row(share, video, load) {
  const isOver = share.revokedAt || Date.parse(share.expiresAt) < Date.now() || share.maximumViews && share.views >= share.maximumViews;
  const facts = [
    share.revokedAt ? 'Revoked' : isOver ? 'Ended' : share.expiresAt ? `Until ${fullTime(share.expiresAt)}` : 'No end',
    `${share.views}${share.maximumViews ? ` of ${share.maximumViews}` : ''} ${share.views === 1 ? 'view' : 'views'}`,
    share.allowComments ? 'Comments allowed' : 'Watch only',
  ];
  const problem = h('span');
  const revoke = h('button.button.small', { type: 'button', onclick: end }, 'Revoke');

  async function end() {
    revoke.disabled = true;
    try {
      await api.delete(`/v1/videos/${video.id}/shares/${share.id}`);
      load();
    } catch (error) {
      revoke.disabled = false;
      setText(problem, sentence(error));
    }
  }

  return h('li.share', { class: isOver ? 'is-over' : '' }, icon(share.hasPassword ? 'lock' : 'link'),
    h('div', h('p', facts.join(' · ')), h('p.muted', `Created ${fullTime(share.createdAt)}`), problem), !share.revokedAt && !isOver && revoke);
}
