package chat

import (
	"hash/fnv"
	"strconv"
)

// ValidName reports whether s is a login or a room name: 1 to LoginBytesMax bytes
// of [a-z0-9_], not starting with '_' (Twitch's rule, which client libraries
// enforce on their side too).
func ValidName(s []byte) bool {
	if len(s) == 0 || len(s) > LoginBytesMax || s[0] == '_' {
		return false
	}
	for _, b := range s {
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '_' {
			return false
		}
	}
	return true
}

// StableID is the decimal id of a name. A room's id is its broadcaster's, as on
// Twitch. It is a hash of 53 bits, so that JavaScript clients may keep it in a
// number: among a million names two share an id with a chance of 1 in 18,000.
func StableID(name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return strconv.FormatUint(h.Sum64()>>11, 10)
}
