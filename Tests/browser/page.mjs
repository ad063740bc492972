// The least of a page that its modules need without a browser: elements that hold what they are given, and a server that
// a test speaks for. To be imported before any module of the page.

class FakeNode extends EventTarget {
  parentNode = null;
  get isConnected() { return this === document.body || Boolean(this.parentNode?.isConnected); }
  contains(other) { return other === this || Boolean(other?.parentNode && this.contains(other.parentNode)); }
  remove() { this.parentNode?.childNodes.splice(this.parentNode.childNodes.indexOf(this), 1); this.parentNode = null; }
  replaceWith(other) { this.parentNode?.insertBefore(other, this); this.remove(); }
}

class FakeText extends FakeNode {
  constructor(text) { super(); this.textContent = text; }
}

class FakeElement extends FakeNode {
  childNodes = [];
  attributes = new Map();
  style = {};
  dataset = {};
  classes = new Set();
  classList = {
    add: (...names) => names.forEach((name) => this.classes.add(name)),
    remove: (...names) => names.forEach((name) => this.classes.delete(name)),
    toggle: (name, is = !this.classes.has(name)) => { this.classes[is ? 'add' : 'delete'](name); return is; },
    contains: (name) => this.classes.has(name),
  };

  constructor(tag) { super(); this.tag = tag; if (['input', 'textarea'].includes(tag)) this.value = ''; }

  get children() { return this.childNodes.filter((node) => node instanceof FakeElement); }
  get firstChild() { return this.childNodes[0] ?? null; }
  get lastChild() { return this.childNodes.at(-1) ?? null; }
  get textContent() { return this.childNodes.map((node) => node.textContent).join(''); }
  set textContent(text) { this.replaceChildren(text); }
  get id() { return this.getAttribute('id') ?? ''; }
  set id(id) { this.setAttribute('id', id); }
  get selectionStart() { return this.value.length; }

  setAttribute(name, value) { this.attributes.set(name, String(value)); }
  getAttribute(name) { return this.attributes.get(name) ?? null; }
  removeAttribute(name) { this.attributes.delete(name); }
  insertBefore(node, before) {
    node.remove();
    this.childNodes.splice(before ? this.childNodes.indexOf(before) : this.childNodes.length, 0, node);
    node.parentNode = this;
  }

  append(...nodes) { for (const node of nodes) this.insertBefore(node instanceof FakeNode ? node : new FakeText(String(node)), null); }
  replaceChildren(...nodes) { [...this.childNodes].forEach((node) => node.remove()); this.append(...nodes); }
  focus() { document.activeElement = this; }
  blur() { document.activeElement = document.body; }
  setSelectionRange() {}
  scrollIntoView() {}
  showModal() {}
  close() { this.dispatchEvent(new Event('close')); }
  click() { this.dispatchEvent(new Event('click')); }

  /** Lists of compounds of a tag, classes, an id, attributes and :not of one of these. */
  matches(selector) {
    return selector.split(/,\s*/).some((compound) => [...compound.matchAll(/:not\(([^)]+)\)|[.#]?[\w-]+|\[[^\]]+\]/g)].every(([part, not]) => {
      if (not) return !this.matches(not);
      if (part[0] === '.') return this.classes.has(part.slice(1));
      if (part[0] === '#') return this.id === part.slice(1);
      if (part[0] !== '[') return this.tag === part;
      const [name, value] = part.slice(1, -1).split('=');
      return value === undefined ? this.attributes.has(name) : this.getAttribute(name) === value;
    }));
  }

  closest(selector) { return this.matches(selector) ? this : this.parentNode?.closest(selector) ?? null; }
  querySelectorAll(selector) { return this.children.flatMap((child) => [...(child.matches(selector) ? [child] : []), ...child.querySelectorAll(selector)]); }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
}

const stored = new Map();
const ticks = new Map();
const body = new FakeElement('body');
const documents = new EventTarget();

Object.assign(globalThis, {
  Node: FakeNode,
  Element: FakeElement,
  location: { origin: 'http://page.example', href: 'http://page.example/', hash: '' },
  localStorage: { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, String(value)), removeItem: (key) => stored.delete(key) },
  document: Object.assign(documents, {
    body, hidden: false, activeElement: body,
    createElement: (tag) => new FakeElement(tag), createElementNS: (space, tag) => new FakeElement(tag),
    querySelector: (selector) => body.querySelector(selector), querySelectorAll: (selector) => body.querySelectorAll(selector),
    getElementById: (id) => body.querySelector(`#${id}`),
  }),
  addEventListener() {},
  requestAnimationFrame: (act) => setImmediate(act),
  cancelAnimationFrame: (frame) => clearImmediate(frame),
  // Repeats only when told to, so that no test waits for it and no process lives on for it.
  setInterval: (act) => { const key = Symbol(); ticks.set(key, act); return key; },
  clearInterval: (key) => ticks.delete(key),
  fetch: async (path, init = {}) => answerOf(await server.answer(init.method ?? 'GET', path, init.body === undefined ? undefined : JSON.parse(init.body), init)),
});
globalThis.navigator ??= {};

/** `answer(method, path, body, init)` gives {status, body}, or throws as a network does. */
export const server = { answer: () => { throw new TypeError('nobody answers'); } };

/** What runs again and again, once. */
export function tick() { for (const act of [...ticks.values()]) act(); }

/** A session of Ada's. */
export const ADA = { id: 'ada', name: 'Ada Example', email: 'ada@example.com', role: 'member' };
export async function signIn(user = ADA) {
  const { session } = await import('../../web/session.js');
  session.start({ user, tenant: { id: 'team', name: 'Team' }, session: { accessToken: 'token', expiresIn: 3600, refreshToken: 'refresh' } });
  return session;
}

function answerOf(answer) {
  if (answer instanceof Response || answer?.json) return answer;
  const { status = 200, body: content = {} } = answer;
  return new Response(status === 204 ? null : JSON.stringify(content), { status });
}
