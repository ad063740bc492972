// Which uploads were under way, so that a reload can go on with them. IndexedDB, because only it can keep file handles.

const STORE = 'uploads';
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('cloudstream', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function run(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const request = work(database.transaction(STORE, mode).objectStore(STORE));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Without storage (private windows) uploads still work; they only do not survive a reload. */
export const store = {
  all: () => run('readonly', (records) => records.getAll()).catch(() => []),
  remove: (key) => run('readwrite', (records) => records.delete(key)).catch(() => {}),
  /** {key, userId, title, file: {name, size, lastModified, type}, uploadId, videoId, handle?} */
  put: (record) => run('readwrite', (records) => records.put(record)).catch(() => {}),
};
