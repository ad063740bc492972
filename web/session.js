// Who is signed in. The access token stays in memory; the refresh token is shared by all tabs of this browser.

const KEY = 'cloudstream.session';
const REFRESH_PATH = '/v1/sessions/refresh';
/** A token this close to its end is renewed first, so that it does not expire on the way. */
const MARGIN_MS = 15_000;

/** The session cannot be continued; the person has to log in again. */
export class SignedOut extends Error {}

let access = null;
let refreshing = null;
let me = null;
const listeners = new Set();

export const session = {
  get exists() { return read() !== null; },
  get me() { return me; },
  set me(value) { me = value; notify(); },

  /** From sign-up, log-in or an accepted invitation. */
  start({ user, tenant, session: tokens, ...rest }) {
    me = { user, tenant };
    keep(tokens ?? rest);
    notify();
  },

  /** Ends the session here and, through the storage event, in every other tab. */
  clear() {
    forget();
    localStorage.removeItem(KEY);
    notify();
  },

  /** A usable access token, other than `rejected` when the server has just refused that one. */
  async accessToken(rejected) {
    if (access && access.token !== rejected && Date.now() < access.expiresAt - MARGIN_MS) return access.token;
    if (access?.token === rejected) access = null;
    refreshing ??= refresh().finally(() => { refreshing = null; });
    return refreshing;
  },

  /** When the present access token ends, in milliseconds since 1970. */
  get accessEndsAt() { return access?.expiresAt ?? 0; },

  /** Gives back what ends it. */
  onChange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

addEventListener('storage', (event) => {
  if (event.key !== KEY && event.key !== null) return;
  const stored = read();
  if (!stored) {
    forget();
    notify();
  } else if (me && stored.userId && stored.userId !== me.user.id) {
    // Somebody else logged in in another tab: nothing of the former person may stay on this page.
    location.reload();
  }
});

async function refresh() {
  // Refresh tokens rotate and a second use revokes the session, so only one tab may spend one at a time.
  return exclusively('cloudstream.refresh', async () => {
    const stored = read();
    if (!stored) throw new SignedOut('not signed in');
    const response = await fetch(REFRESH_PATH, {
      method: 'POST',
      // The key is kept with the token: a page closed before the answer came asks again with the same key.
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': stored.refreshKey },
      body: JSON.stringify({ refreshToken: stored.refreshToken }),
      // A dead connection must not hold all tabs; the key makes asking again safe.
      signal: AbortSignal.timeout(30_000),
    });
    if ([400, 401, 403, 404].includes(response.status)) {
      if (read()?.refreshToken === stored.refreshToken) session.clear();
      throw new SignedOut('the session has ended');
    }
    if (!response.ok) throw new TypeError(`the session could not be renewed (${response.status})`);
    const tokens = await response.json();
    // Logged out in another tab meanwhile: the new tokens must not bring the session back.
    if (read()?.refreshToken !== stored.refreshToken) throw new SignedOut('the session has ended');
    keep(tokens, stored.userId);
    return access.token;
  });
}

function exclusively(name, work) {
  // Web Locks exist only in secure contexts; without them one tab still refreshes once at a time.
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

function keep(tokens, userId) {
  access = { token: tokens.accessToken, expiresAt: Date.now() + tokens.expiresIn * 1000 };
  write({ refreshToken: tokens.refreshToken, refreshKey: randomKey(), userId: userId ?? me?.user.id });
}

function forget() {
  access = null;
  me = null;
}

function notify() {
  const stored = read();
  if (stored && me && stored.userId !== me.user.id) write({ ...stored, userId: me.user.id });
  for (const listener of listeners) listener();
}

function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY));
    return stored?.refreshToken ? stored : null;
  } catch {
    return null;
  }
}

function write(stored) {
  localStorage.setItem(KEY, JSON.stringify(stored));
}

/** crypto.randomUUID exists only in secure contexts; this works on a plain address of the local network too. */
export function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
