// Addresses of screens. Pure but for `go`.

const ROUTES = [
  [/^\/$/, 'library'],
  [/^\/login$/, 'login'],
  [/^\/signup$/, 'signup'],
  [/^\/team$/, 'team'],
  [/^\/invite\/([^/]+)$/, 'accept', 'token'],
  [/^\/videos\/([0-9a-fA-F-]+)$/, 'watch', 'id'],
];

/** "#/videos/42" -> {name: 'watch', parameters: {id: '42'}} */
export function matchRoute(hash) {
  const path = hash.replace(/^#/, '') || '/';
  for (const [pattern, name, parameter] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return { name, parameters: parameter ? { [parameter]: decode(match[1]) } : {} };
  }
  return { name: 'notFound', parameters: {} };
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
