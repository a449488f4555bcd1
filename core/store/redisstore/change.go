package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// rosterKept bounds the roster that a room keeps of a role: of more subscribers than
// that, the later ones hold their role all the same and are not listed.
const rosterKept = 10 * store.RosterMax

// colorFor is how long the color of an account is kept of which nothing else is known,
// after it was last chosen.
const colorFor = 365 * 24 * time.Hour

// Change implements store.Store. When it returns nil, the server has made the change and
// has sent the notice to every Watch that is connected.
func (s *Store) Change(ctx context.Context, k store.Key, c store.Change) error {
	if err := c.Validate(k); err != nil {
		return err
	}
	_, tag := s.keys.record(k)
	at := s.at(tag)
	p := encode(&c)
	_, err := at.doOne(ctx, func(byText bool) rueidis.Completed {
		return s.changing(at.client.B(), byText, k, p)
	})
	if err != nil {
		return fmt.Errorf("cannot change %s: %w", k, err)
	}
	return nil
}

// changing is the command that makes p of the record k.
func (s *Store) changing(b rueidis.Builder, byText bool, k store.Key, p patch) rueidis.Completed {
	record, _ := s.keys.record(k)
	names := []string{record}
	for _, role := range p.joins {
		names = append(names, s.keys.roster(k.Room, role))
	}
	for _, role := range p.leaves {
		names = append(names, s.keys.roster(k.Room, role))
	}
	args := []string{
		s.keys.stale(), notice(k), k.Login, strconv.Itoa(rosterKept), strconv.FormatInt(colorFor.Milliseconds(), 10),
		strconv.Itoa(len(p.joins)), strconv.Itoa(len(p.set) / 2),
	}
	args = append(append(args, p.set...), p.remove...)
	return changeScript.command(b, byText, names, args)
}
