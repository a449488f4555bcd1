package store

import (
	"fmt"
	"unicode/utf8"

	"uproar/core/chat"
)

// ErrInvalid is wrapped by the error of a Change that no store makes: it is outside the
// bounds, or sets what its Key's Kind does not have. Trying again is no use.
var ErrInvalid error = notDone("invalid change")

// Validate holds c against the bounds of this package and against the Kind of k. Every
// Store calls it first, so that all of them refuse the same. Its errors wrap
// ErrInvalid.
func (c *Change) Validate(k Key) error {
	if err := k.validate(); err != nil {
		return err
	}
	if k.Kind != KindRoom && c.ofRoom() || k.Kind != KindMember && c.ofMember() || k.Kind != KindAccount && c.ofAccount() {
		return fmt.Errorf("%w of %s: it sets what belongs to another kind of record", ErrInvalid, k)
	}
	if c.Ban != nil && c.Unban {
		return fmt.Errorf("%w of %s: it bans and unbans", ErrInvalid, k)
	}
	if c.Ban != nil && (len(c.Ban.Reason) > ReasonBytesMax || !utf8.ValidString(c.Ban.Reason)) {
		return fmt.Errorf("%w of %s: want a reason of valid UTF-8, at most %d bytes", ErrInvalid, k, ReasonBytesMax)
	}
	if c.Color != nil && *c.Color != "" && !isColor(*c.Color) {
		return fmt.Errorf("%w of %s: color %q is not #RRGGBB", ErrInvalid, k, *c.Color)
	}
	if c.Mode != nil && c.Mode.Mode > chat.ModeUnique {
		return fmt.Errorf("%w of %s: no mode has the number %d", ErrInvalid, k, c.Mode.Mode)
	}
	if c.Terms != nil {
		return validateTerms(k, *c.Terms)
	}
	return nil
}

// String is how errors name a record.
func (k Key) String() string {
	switch k.Kind {
	case KindRoom:
		return fmt.Sprintf("room %q", k.Room)
	case KindMember:
		return fmt.Sprintf("member %q of room %q", k.Login, k.Room)
	case KindAccount:
		return fmt.Sprintf("account %q", k.Login)
	default:
		return fmt.Sprintf("record of kind %d", k.Kind)
	}
}

func (k Key) validate() error {
	room, login := chat.ValidName([]byte(k.Room)), chat.ValidName([]byte(k.Login))
	ok := false
	switch k.Kind {
	case KindRoom:
		ok = room && k.Login == ""
	case KindMember:
		ok = room && login
	case KindAccount:
		ok = login && k.Room == ""
	}
	if !ok {
		return fmt.Errorf("%w: %s is no name of a record", ErrInvalid, k)
	}
	return nil
}

func validateTerms(k Key, terms []string) error {
	if len(terms) > TermsMax {
		return fmt.Errorf("%w of %s: %d blocked terms, want at most %d", ErrInvalid, k, len(terms), TermsMax)
	}
	for _, term := range terms {
		if term == "" || len(term) > TermBytesMax || !utf8.ValidString(term) {
			return fmt.Errorf("%w of %s: blocked term %.80q, want 1 to %d bytes of valid UTF-8", ErrInvalid, k, term, TermBytesMax)
		}
	}
	return nil
}

func (c *Change) ofRoom() bool {
	return c.Created != nil || c.Suspended != nil || c.HoldTerms != nil || c.NoLinks != nil || c.Mode != nil || c.Terms != nil
}

func (c *Change) ofMember() bool {
	return c.Grant != 0 || c.Revoke != 0 || c.Ban != nil || c.Unban || c.Follows != nil
}

func (c *Change) ofAccount() bool { return c.Color != nil || c.Banned != nil || c.Verified != nil }

func isColor(s string) bool {
	if len(s) != 7 || s[0] != '#' {
		return false
	}
	for _, b := range []byte(s[1:]) {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') && (b < 'A' || b > 'F') {
			return false
		}
	}
	return true
}
