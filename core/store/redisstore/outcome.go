package redisstore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"uproar/core/redisconn"
	"uproar/core/store"
)

// errFull refuses a call beyond Config.CallsMax.
var errFull = fmt.Errorf("too many calls under way: %w", store.ErrNotDone)

// ErrTLS is wrapped by the error of a connection that has ended as if one side spoke TLS
// and the other did not.
var ErrTLS = redisconn.ErrTLS

// unavailable is the error of what a server has not done. Its refusals (LOADING,
// READONLY, CLUSTERDOWN, OOM, a full server) count as such: none of them is an answer.
func (s *shard) unavailable(cause error) error {
	switch {
	case errors.Is(cause, store.ErrUnavailable):
		return cause // of another node
	case !errors.Is(cause, store.ErrNotDone) && (refused(cause) || errors.Is(cause, redisconn.ErrConnect)):
		return fmt.Errorf("cannot ask redis %q: %w: %w: %w", s.name, store.ErrUnavailable, store.ErrNotDone, cause)
	}
	return fmt.Errorf("cannot ask redis %q: %w: %w", s.name, store.ErrUnavailable, cause)
}

// refusals begin the answers of a server that has carried out no part of a command, nor
// of a script: the first write of ours meets them, and the ones after it do not. NOPERM
// is not among them, for a user may have some commands of a script and not others.
var refusals = []string{
	"LOADING", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOAUTH", "WRONGPASS",
}

func refused(err error) bool {
	answer, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	code, _, _ := strings.Cut(answer.Error(), " ")
	for _, one := range refusals {
		if code == one {
			return true
		}
	}
	return false
}

// failure is the first of a call's results that is one, or nil. That a server does not
// know a script, or has not the slot, is none.
func failure(results []rueidis.RedisResult) error {
	for i := range results {
		err := results[i].Error()
		if err != nil && !rueidis.IsRedisNil(err) && !unknownScript(results[i]) && !redirected(results[i]) {
			return err
		}
	}
	return nil
}
