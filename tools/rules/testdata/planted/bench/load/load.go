// Package load imports the server that it measures.
package load

import (
	_ "uproar/core/hall"
	_ "uproar/edge/room"
	_ "uproar/proto/wire"
)
