// Package ws breaks nothing.
package ws

import _ "github.com/gobwas/ws"
