package main

import (
	"os"
	"runtime"
)

// leaveProcessor gives Go one processor more than there are event loops, where lines come
// from Redis or other processes. A loop that waits for its sockets keeps its processor until
// Go's monitor takes it away, up to 10 ms later; while loops keep all of them, nobody reads
// what has come: on two cores with two loops, each woken 150 times a second, the median of a
// line's way by Redis was 4.4 ms, and is 0.7 ms with one processor to spare.
//
// A process that waits for nobody needs none. Whoever has set GOMAXPROCS has decided.
func (s *server) leaveProcessor() {
	if os.Getenv("GOMAXPROCS") != "" || !s.o.spans() && s.links == nil {
		return
	}
	processors := runtime.GOMAXPROCS(0)
	loops := s.o.Loops
	if loops == 0 {
		loops = processors // as engine.Config has it
	}
	if loops *= len(s.engines()); loops >= processors {
		runtime.GOMAXPROCS(loops + 1)
	}
}
