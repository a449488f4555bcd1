package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// aheadMax is how far in the future a time may be: clocks differ.
const aheadMax = time.Minute

// field puts the JSON value of one field into a change. Its errors say what it wants.
type field func(value json.RawMessage, c *store.Change) error

// parsePatch makes one change of a JSON object, and returns the sorted names of what it
// sets.
func parsePatch(body []byte, fields map[string]field) (c store.Change, set []string, err error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return c, nil, fmt.Errorf("cannot read the body as one JSON object, as in {%q: null}", slices.Sorted(maps.Keys(fields))[0])
	}
	set = slices.Sorted(maps.Keys(object))
	for _, name := range set {
		put := fields[name]
		if put == nil {
			return c, nil, fmt.Errorf("cannot set %q: can set %s", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if err := put(object[name], &c); err != nil {
			return c, nil, fmt.Errorf("cannot set %q: %w", name, err)
		}
	}
	return c, set, nil
}

// truth reads true or false; null is false.
func truth(value json.RawMessage) (bool, error) {
	var b *bool
	if json.Unmarshal(value, &b) != nil {
		return false, errors.New("want true, false or null")
	}
	return b != nil && *b, nil
}

// flag is a field that is true or false.
func flag(of func(*store.Change) **bool) field {
	return func(value json.RawMessage, c *store.Change) error {
		b, err := truth(value)
		*of(c) = &b
		return err
	}
}

// role is a field that grants or revokes.
func role(r chat.Roles) field {
	return func(value json.RawMessage, c *store.Change) error {
		holds, err := truth(value)
		if holds {
			c.Grant |= r
		} else {
			c.Revoke |= r
		}
		return err
	}
}

// setFollows reads since when; null is not at all.
func setFollows(value json.RawMessage, c *store.Change) error {
	want := errors.New(`want null or a time of RFC 3339 from 1970 until now, as in "2026-01-31T20:00:00Z"`)
	var text *string
	if json.Unmarshal(value, &text) != nil {
		return want
	}
	c.Follows = &time.Time{}
	if text == nil {
		return nil
	}
	since, err := time.Parse(time.RFC3339, *text)
	if err != nil || since.Unix() < 0 || time.Until(since) > aheadMax {
		return want
	}
	c.Follows = &since
	return nil
}
