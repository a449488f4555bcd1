// Package hall imports what only others may.
package hall

import (
	_ "strings"

	_ "github.com/panjf2000/gnet/v2"
	_ "github.com/redis/rueidis"
	_ "uproar/edge/room"
	_ "uproar/proto/ws"
)
