package redisbus

import (
	"errors"
	"strings"

	"github.com/redis/rueidis"

	"uproar/core/redisconn"
)

// refusals begin the answers of a server that has carried out nothing of the script: its
// first write meets them.
var refusals = []string{
	"LOADING", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN",
	"TRYAGAIN", "BUSY", "NOAUTH", "WRONGPASS", "MOVED", "ASK",
}

// outcome is what is known after a call.
type outcome int

const (
	done    outcome = iota
	undone          // surely: it may go with other lines
	unknown         // it may be sent again, as it was
	given           // it may be done in part, and again would be the same
)

// judge says what the result of the script means.
func judge(result rueidis.RedisResult) outcome {
	err := result.Error()
	if err == nil {
		switch n, err := result.AsInt64(); {
		case err == nil && (n == scriptPublished || n == scriptKnown):
			return done
		default:
			return given
		}
	}
	if answer, ok := rueidis.IsRedisErr(err); ok {
		for _, one := range refusals {
			if strings.HasPrefix(answer.Error(), one) {
				return undone
			}
		}
		return given
	}
	if errors.Is(err, redisconn.ErrConnect) {
		return undone
	}
	return unknown
}

func unknownScript(result rueidis.RedisResult) bool {
	err, ok := rueidis.IsRedisErr(result.Error())
	return ok && err.IsNoScript()
}
