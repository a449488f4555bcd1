package redisstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/rueidis"

	"uproar/core/chat"
	"uproar/core/store"
)

// Roster implements store.Store.
func (s *Store) Roster(ctx context.Context, room string, roles chat.Roles) ([]string, error) {
	var rosters []string
	for _, r := range rosterRoles {
		if roles&r.role != 0 {
			rosters = append(rosters, s.keys.roster(room, r.name))
			roles &^= r.role
		}
	}
	if roles != 0 || len(rosters) == 0 { // nobody holds what is not kept
		return nil, nil
	}
	at := s.at(roomTag(room))
	result, err := at.doOne(ctx, func(bool) rueidis.Completed {
		if len(rosters) == 1 {
			return at.client.B().Zrange().Key(rosters[0]).Min("0").Max(fmt.Sprint(store.RosterMax - 1)).Build()
		}
		return at.client.B().Zinter().Numkeys(int64(len(rosters))).Key(rosters...).Build()
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list roles of room %q: %w", room, err)
	}
	logins, err := result.AsStrSlice()
	if err != nil {
		return nil, fmt.Errorf("cannot list roles of room %q: %w", room, err)
	}
	slices.Sort(logins) // as they are already: scores are equal
	return logins[:min(len(logins), store.RosterMax)], nil
}
