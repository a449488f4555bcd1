package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"uproar/core/chat"
)

// codecVersion is the first byte of every value in the file. Another one is of another
// program: to guess would be to lose bans.
const codecVersion = 1

// valueBytesMax bounds a value: TermsMax terms with every byte escaped are the longest.
const valueBytesMax = 6*TermsMax*(TermBytesMax+3) + 4096

// roomValue is a Room in the file. Names are short, and zero is left out; so it is in
// the others.
type roomValue struct {
	Slow            time.Duration `json:"slow,omitempty"` // nanoseconds
	FollowersOnly   bool          `json:"fol,omitempty"`
	FollowersFor    time.Duration `json:"folfor,omitempty"` // nanoseconds
	SubscribersOnly bool          `json:"sub,omitempty"`
	EmoteOnly       bool          `json:"emote,omitempty"`
	Unique          bool          `json:"uniq,omitempty"`
	Created         bool          `json:"made,omitempty"`
	Suspended       bool          `json:"susp,omitempty"`
	Terms           []string      `json:"terms,omitempty"`
	HoldTerms       bool          `json:"hold,omitempty"`
	NoLinks         bool          `json:"nolinks,omitempty"`
}

type memberValue struct {
	Roles     chat.Roles `json:"roles,omitempty"`
	Banned    bool       `json:"ban,omitempty"`
	Until     int64      `json:"until,omitempty"` // milliseconds since 1970
	Follows   int64      `json:"fol,omitempty"`   // milliseconds since 1970
	First     int64      `json:"first,omitempty"` // milliseconds since 1970
	Last      int64      `json:"last,omitempty"`  // milliseconds since 1970
	Spoken    bool       `json:"spoke,omitempty"` // of an older version, which knew no times: LongAgo
	BannedFor string     `json:"for,omitempty"`
}

type accountValue struct {
	Color    string `json:"color,omitempty"`
	Banned   bool   `json:"ban,omitempty"`
	Verified bool   `json:"verified,omitempty"`
}

func encodeRoom(r *Room) ([]byte, error) {
	m := &r.Modes
	return encode(roomValue{
		m.Slow, m.FollowersOnly, m.FollowersFor, m.SubscribersOnly, m.EmoteOnly, m.Unique,
		r.Created, r.Suspended, r.Terms, r.HoldTerms, r.NoLinks,
	})
}

func decodeRoom(value []byte) (Room, error) {
	var v roomValue
	if err := decode(value, &v); err != nil {
		return Room{}, err
	}
	if err := validateTerms(Key{Kind: KindRoom}, v.Terms); err != nil {
		return Room{}, err
	}
	if len(v.Terms) == 0 {
		v.Terms = nil
	}
	return Room{
		chat.Modes{
			Slow: v.Slow, FollowersOnly: v.FollowersOnly, FollowersFor: v.FollowersFor,
			SubscribersOnly: v.SubscribersOnly, EmoteOnly: v.EmoteOnly, Unique: v.Unique,
		},
		v.Created, v.Suspended, v.Terms, v.HoldTerms, v.NoLinks,
	}, nil
}

func encodeMember(m *Member) ([]byte, error) {
	return encode(memberValue{
		Roles: m.Roles, Banned: m.Banned, Until: toMillis(m.Until), Follows: toMillis(m.Follows),
		First: toMillis(m.First), Last: toMillis(m.Last), BannedFor: m.BannedFor,
	})
}

func decodeMember(value []byte) (Member, error) {
	var v memberValue
	if err := decode(value, &v); err != nil {
		return Member{}, err
	}
	if len(v.BannedFor) > ReasonBytesMax {
		return Member{}, fmt.Errorf("a reason of %d bytes, want at most %d", len(v.BannedFor), ReasonBytesMax)
	}
	m := Member{
		Roles: v.Roles, Banned: v.Banned, Until: fromMillis(v.Until), Follows: fromMillis(v.Follows), BannedFor: v.BannedFor,
	}
	switch {
	case v.First != 0:
		first := max(v.First, LongAgo.UnixMilli()) // no clock that was right has been there before
		m = m.Marked(fromMillis(first)).Marked(fromMillis(max(first, v.Last)))
	case v.Spoken:
		m = m.Marked(LongAgo)
	}
	return m, nil
}

func encodeAccount(a *Account) ([]byte, error) { return encode(accountValue(*a)) }

func decodeAccount(value []byte) (Account, error) {
	var v accountValue
	if err := decode(value, &v); err != nil {
		return Account{}, err
	}
	if v.Color != "" && !isColor(v.Color) {
		return Account{}, fmt.Errorf("color %.20q is not #RRGGBB", v.Color)
	}
	return Account(v), nil
}

func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append([]byte{codecVersion}, text...), nil
}

// decode is strict: what it does not know it would lose when the record is next
// written.
func decode(value []byte, to any) error {
	if len(value) == 0 {
		return errors.New("an empty value")
	}
	if value[0] != codecVersion {
		return fmt.Errorf("a value of version %d, this program reads version %d", value[0], codecVersion)
	}
	if len(value) > valueBytesMax {
		return fmt.Errorf("a value of %d bytes, want at most %d", len(value), valueBytesMax)
	}
	d := json.NewDecoder(bytes.NewReader(value[1:]))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("bytes after the value")
	}
	return nil
}

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
