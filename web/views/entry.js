// The frame of the screens before somebody is signed in.
import { h, svg } from '../dom.js';
import { icon, logo } from '../icons.js';

export function entry(title, lead, ...content) {
  return h('div.entry',
    h('main.entry-main',
      h('div.entry-top', h('a.brand', { href: '#/login' }, logo(), 'CloudStream'), themeButton()),
      h('div.entry-form', h('h1', title), lead && h('p.lead', lead), content),
      h('p.entry-foot', 'Video review for teams')),
    h('aside.entry-side', { 'aria-hidden': true },
      h('div.entry-art', frames()),
      h('p.entry-claim', 'Large videos, uploaded without worry, watched while they are still being prepared.')));
}

export function themeButton() {
  const label = 'Switch between dark and light';
  return h('button.icon-button.theme-button', {
    type: 'button', 'aria-label': label, title: label, onclick: () => window.cloudstreamTheme.toggle(),
  }, icon('moon'), icon('sun'));
}

/** A time line with a few tracks, as an editor sees it. */
function frames() {
  const bar = (x, y, width, kind) => svg('rect', { x, y, width, height: 26, rx: 6, class: `art-${kind}` });
  const ticks = Array.from({ length: 25 }, (_, index) =>
    svg('path', { d: `M${12 + index * 19} ${index % 4 ? 24 : 18}V30`, class: 'art-tick' }));
  return svg('svg', { viewBox: '12 8 458 234', class: 'art' },
    ...ticks,
    bar(12, 48, 150, 'clip'), bar(168, 48, 92, 'clip'), bar(266, 48, 202, 'faint'),
    bar(50, 86, 120, 'faint'), bar(176, 86, 210, 'clip'),
    bar(12, 124, 260, 'sound'), bar(278, 124, 190, 'faint'),
    bar(90, 162, 60, 'clip'), bar(156, 162, 240, 'faint'),
    bar(12, 200, 180, 'faint'), bar(198, 200, 130, 'sound'),
    svg('path', { d: 'M292 14V238', class: 'art-head' }),
    svg('path', { d: 'M285 10h14v9l-7 7-7-7z', class: 'art-grip' }));
}
