// What a browser says of itself, as a person would.

// Others call themselves by these names too, so the more particular ones come first.
const BROWSERS = [['Edg', 'Edge'], ['OPR', 'Opera'], ['SamsungBrowser', 'Samsung Internet'], ['Firefox', 'Firefox'], ['FxiOS', 'Firefox'],
  ['HeadlessChrome', 'Chrome'], ['Chrome', 'Chrome'], ['CriOS', 'Chrome'], ['Safari', 'Safari']];
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Macintosh', 'Mac'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']];

/** "Firefox on Windows"; what is no browser by the first word of its name. */
export function deviceName(userAgent) {
  if (!userAgent) return 'Unknown device';
  const called = (names) => names.find(([mark]) => userAgent.includes(mark))?.[1];
  const browser = called(BROWSERS);
  const system = called(SYSTEMS);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? userAgent.split(/[\s/]/)[0].slice(0, 40);
}

export const isPhone = (userAgent) => /iPhone|Android.*Mobile/.test(userAgent ?? '');
