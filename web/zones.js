/** Names of time zones that the server knows, each once: abbreviations such as CET stand for several and are refused. */
export function zonesOf(names) {
  return [...new Set(names)].filter((name) => name === 'UTC' || name?.includes('/'));
}
