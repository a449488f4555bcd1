// Package room picks an implementation, which only main may.
package room

import (
	"flag"

	_ "uproar/core/store/memory"
	_ "uproar/tools/kit"
)

var depth = flag.Int("depth", 1, "how deep")

type Room struct{ depth int }

func init() { _ = depth }

func (Room) init() {}
