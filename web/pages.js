// Lists that the server gives in pages.

const AT_ONCE = 100;
/** A video has up to 10,000 comments, a few more where some are added at once, and deleted ones that hold replies. */
const MOST_PAGES = 120;

/** Every page of a list, up to a bound. `get(path)` gives one. */
export async function allPages(path, get, most = MOST_PAGES) {
  const items = [];
  let cursor = null;
  for (let page = 0; page < most; page += 1) {
    const answer = await get(`${path}?${new URLSearchParams({ limit: AT_ONCE, ...(cursor && { cursor }) })}`);
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (!cursor) break;
  }
  return items;
}
