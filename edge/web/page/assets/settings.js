// Settings remembers the last room and nick. Browsers may refuse storage (private
// windows, blocked cookies); the page then works without memory.

const prefix = 'uproar.';

/** recall gives what was remembered under key, or ''. */
export function recall(key) {
  try {
    return localStorage.getItem(prefix + key) ?? '';
  } catch {
    return '';
  }
}

/** remember keeps value under key; '' forgets it. */
export function remember(key, value) {
  try {
    if (value === '') localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, value);
  } catch {
    // Not kept; nothing depends on it.
  }
}
