import { svg } from './dom.js';

// 24 x 24; a name maps to stroked paths, or to filled ones where it says so.
const STROKED = {
  upload: ['M12 16V4', 'm7 9 5-5 5 5', 'M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3'],
  library: ['M4 5h16v14H4z', 'M4 9.5h16', 'M8.5 5v4.5', 'M15.5 5v4.5'],
  team: ['M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z', 'M2.8 19.5c.5-3.1 3-5 6.2-5s5.7 1.9 6.2 5', 'M16 4.9a3.5 3.5 0 0 1 0 6.2', 'M18 14.9c1.8.7 3 2.3 3.3 4.6'],
  sun: ['M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z', 'M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4'],
  moon: ['M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z'],
  close: ['M6 6l12 12', 'M18 6 6 18'],
  check: ['m5 12.5 4.5 4.5L19 7.5'],
  chevronDown: ['m6 9.5 6 6 6-6'],
  chevronLeft: ['m14.5 6-6 6 6 6'],
  pencil: ['M4 20h4L19 9l-4-4L4 16z', 'm13 7 4 4'],
  trash: ['M4.5 6.5h15', 'M9 6.5V4.5h6v2', 'm6.5 6.5.8 13h9.4l.8-13', 'M10 10.5v5.5M14 10.5v5.5'],
  retry: ['M19.5 12a7.5 7.5 0 1 1-2.3-5.4', 'M19.5 3.5v4.5H15'],
  copy: ['M9 9h11v11H9z', 'M15 9V4H4v11h5'],
  alert: ['M12 4 2.8 19.5h18.4z', 'M12 10v4.5', 'M12 17v.1'],
  logout: ['M14 4H5v16h9', 'M10 12h11', 'm17.5 8.5 3.5 3.5-3.5 3.5'],
  volume: ['M4 9.5v5h3.5L12 19V5L7.5 9.5z', 'M15.5 9a4.2 4.2 0 0 1 0 6', 'M18 6.5a7.8 7.8 0 0 1 0 11'],
  muted: ['M4 9.5v5h3.5L12 19V5L7.5 9.5z', 'm16 9.5 5 5M21 9.5l-5 5'],
  enter: ['M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5'],
  leave: ['M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5'],
  pip: ['M20 11V5H4v14h7', 'M14 14h7v5.5h-7z'],
  quality: ['M4 7h9M17 7h3M4 17h3M11 17h9', 'M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z'],
  speed: ['M4.5 18a9 9 0 1 1 15 0', 'm12 14 4-5'],
  keyboard: ['M3 6.5h18v11H3z', 'M7 10.5h.1M10.4 10.5h.1M13.7 10.5h.1M17 10.5h.1M8 14h8'],
  user: ['M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z', 'M4.5 20c.6-3.5 3.6-5.5 7.5-5.5s6.9 2 7.5 5.5'],
  home: ['M4 11 12 4l8 7', 'M6 9.5V20h12V9.5', 'M10 20v-5.5h4V20'],
  chat: ['M4 5h16v11.5h-8.5L7 20v-3.5H4z', 'M8 9.5h8M8 12.5h5'],
  bell: ['M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15z', 'M10 20.5a2.2 2.2 0 0 0 4 0'],
  search: ['M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z', 'm15.5 15.5 5 5'],
  activity: ['M3 12h4l2.5-7 5 14 2.5-7h4'],
  settings: ['M4 7h9M17 7h3M4 17h3M11 17h9', 'M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z'],
  send: ['M4.5 12 20 4.5 15 20l-3.5-6z', 'M11.5 14 20 4.5'],
  reply: ['M9.5 6 4 11.5 9.5 17', 'M4.5 11.5H14a6 6 0 0 1 6 6V19'],
  comment: ['M12 19.5a8 8 0 1 0-6.8-3.8L4 20l4.4-1.2a8 8 0 0 0 3.6.7Z'],
  share: ['M7 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM17 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM17 20.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z', 'm9.3 10.9 5.5-3.5M9.3 13.1l5.5 3.5'],
  draw: ['M4 20c3.5 0 5-1 5-3a2.5 2.5 0 0 0-5 0c0 1.5-.5 2-1.5 2.5', 'M9 15 19.5 4.5'],
  undo: ['M9 7 4.5 11.5 9 16', 'M5 11.5h9a5 5 0 0 1 0 10h-2'],
  plus: ['M12 5v14M5 12h14'],
  lock: ['M6 11h12v9H6z', 'M8.5 11V8a3.5 3.5 0 0 1 7 0v3'],
  clock: ['M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z', 'M12 7.5V12l3 2'],
  layers: ['m12 4 9 4.5-9 4.5-9-4.5z', 'm4 12.5 8 4 8-4', 'm4 16.5 8 4 8-4'],
  compare: ['M4 5h7v14H4zM13 5h7v14h-7z'],
  download: ['M12 4v11', 'm7.5 11 4.5 4.5 4.5-4.5', 'M5 19.5h14'],
  at: ['M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z', 'M15.5 8.5V13a2.3 2.3 0 0 0 4.5 0v-1a8 8 0 1 0-3 6.2'],
  link: ['M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1', 'M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1'],
  offline: ['M3 3l18 18', 'M8.5 14.5a5 5 0 0 1 7 0M5.5 11.2a9.5 9.5 0 0 1 4.2-2.4M14.5 8.8a9.5 9.5 0 0 1 4 2.4', 'M12 18.2v.1'],
  hash: ['M9.5 4 8 20M16 4l-1.5 16M4.5 9h16M3.5 15h16'],
  smile: ['M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z', 'M8.5 14.2a4.3 4.3 0 0 0 7 0', 'M9.2 9.8v.1M14.8 9.8v.1'],
  screen: ['M4 5h16v10.5H4z', 'M2.5 19h19'],
  phone: ['M7.5 3h9v18h-9z', 'M11 18h2'],
  poll: ['M5 20v-8M12 20V4M19 20v-5'],
  film: ['M4 5h16v14H4z', 'M8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4'],
};
const FILLED = {
  play: ['M8 5.1v13.8a.8.8 0 0 0 1.22.68l11-6.9a.8.8 0 0 0 0-1.36l-11-6.9A.8.8 0 0 0 8 5.1Z'],
  more: ['M6 13.7a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM12 13.7a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM18 13.7a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Z'],
  pause: ['M7 5h3.5v14H7zM13.5 5H17v14h-3.5z'],
};

export function icon(name) {
  const filled = FILLED[name];
  const paint = filled
    ? { fill: 'currentColor' }
    : { fill: 'none', stroke: 'currentColor', 'stroke-width': '1.75', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' };
  const paths = (filled ?? STROKED[name]).map((d) => svg('path', { d }));
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false', ...paint }, ...paths);
}

export function logo() {
  return svg('svg', { viewBox: '0 0 32 32', class: 'logo', 'aria-hidden': 'true', focusable: 'false' },
    svg('rect', { width: '32', height: '32', rx: '8', class: 'logo-ground' }),
    svg('path', { class: 'logo-mark', d: 'M12.5 10.2v11.6a1 1 0 0 0 1.52.86l9.5-5.8a1 1 0 0 0 0-1.72l-9.5-5.8a1 1 0 0 0-1.52.86Z' }),
    svg('path', { class: 'logo-bar', d: 'M8 11.5v9' }));
}
