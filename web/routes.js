// Addresses of screens. Pure but for `go`.

const ROUTES = [
  [/^\/$/, 'home'],
  [/^\/library$/, 'library'],
  [/^\/login$/, 'login'],
  [/^\/signup$/, 'signup'],
  [/^\/team$/, 'team'],
  [/^\/feed$/, 'feed'],
  [/^\/notifications$/, 'notifications'],
  [/^\/settings$/, 'settings'],
  [/^\/search$/, 'search'],
  [/^\/rooms$/, 'rooms'],
  [/^\/rooms\/([0-9a-fA-F-]+)$/, 'rooms', 'id'],
  [/^\/invite\/([^/]+)$/, 'accept', 'token'],
  [/^\/videos\/([0-9a-fA-F-]+)$/, 'watch', 'id'],
  [/^\/videos\/([0-9a-fA-F-]+)\/compare\/([0-9a-fA-F-]+)$/, 'compare', 'id', 'other'],
];

/** "#/videos/42?comment=7" -> {name: 'watch', parameters: {id: '42'}, query: URLSearchParams} */
export function matchRoute(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?', 2);
  for (const [pattern, name, ...names] of ROUTES) {
    const match = pattern.exec(path || '/');
    if (!match) continue;
    const parameters = Object.fromEntries(names.map((each, index) => [each, decode(match[index + 1])]));
    return { name, parameters, query: new URLSearchParams(query) };
  }
  return { name: 'notFound', parameters: {}, query: new URLSearchParams() };
}

/** The token of a page for guests, which has an address of its own, or null. */
export function sharedToken(path) {
  const match = /^\/shared\/([^/]+)\/?$/.exec(path);
  return match ? decode(match[1]) : null;
}

export function go(hash, replace = false) {
  if (replace) location.replace(hash);
  else location.hash = hash;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
