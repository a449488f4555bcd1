package wire

import (
	_ "github.com/gobwas/ws"
	_ "uproar/core/hall"
)
