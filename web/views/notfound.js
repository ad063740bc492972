import { h } from '../dom.js';

export function notFound() {
  const element = h('div.page.empty-page',
    h('h1', 'There is nothing here'),
    h('p', 'The address may be mistyped, or what it showed has been deleted.'),
    h('a.button.primary', { href: '#/' }, 'Go home'));
  return { element, title: 'Not found' };
}
