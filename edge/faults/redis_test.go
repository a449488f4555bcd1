package faults

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

// What can be done to the first Redis.
func kill(w *world) { w.redis[0].Kill() }

// freeze stops Redis when it has just put all that the server knows in doubt.
func freeze(w *world) {
	w.redis[0].Do("PUBLISH", keyPrefix+"stale", "everything")
	w.redis[0].Do("PING") // the notice is sent after the answer to PUBLISH, and before this one
	w.redis[0].Stop()
}

func thaw(w *world) {
	w.redis[0].Continue()
	w.rejoined()
}

func restart(w *world) {
	w.redis[0].Restart()
	w.rejoined()
}

func flush(w *world) {
	w.redis[0].Do("FLUSHALL")
	w.redis[0].Do("SCRIPT", "FLUSH")
}

// rejoined waits until the first Redis serves its slots again: a master that comes back
// to its cluster keeps away from clients for 2 s (CLUSTER_WRITABLE_DELAY, and the rejoin
// delay, of Redis' cluster.c), of which no client is to blame.
func (w *world) rejoined() {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		if answer := w.redis[0].Do("HEXISTS", keyPrefix+"{r:"+mainRoom+"}:room", "none"); answer == ":0" {
			return
		}
	}
	w.t.Fatal("the Redis that was away does not serve again")
}

// What grows while the first Redis is in trouble.

// failures counts commands that failed, or had no answer when their connection ended.
func failures(w *world) float64 {
	w.t.Helper()
	return sum(w.t, w.srv, "uproar_store_errors_total", w.addr)
}

// spared counts what the server did not even ask, because a breaker was open.
func spared(w *world) float64 {
	w.t.Helper()
	return sum(w.t, w.srv, "uproar_store_refused_total", w.addr)
}

// timeouts counts round trips of clue that the store did not end in time.
func timeouts(w *world) float64 {
	w.t.Helper()
	return sum(w.t, w.srv, "uproar_clue_store_timeouts_total", "")
}

// staleUsed counts records past their time that lines were decided by.
func staleUsed(w *world) float64 {
	w.t.Helper()
	return sum(w.t, w.srv, "uproar_clue_cache_stale_total", "")
}

// roundTripSeconds is how long the server has waited for answers, all told.
func roundTripSeconds(w *world) float64 {
	w.t.Helper()
	return sum(w.t, w.srv, "uproar_store_round_trip_seconds_sum", w.addr)
}

// info reads a number behind a name, of what Redis says of itself; 0 if it does not.
func info(name string) func(w *world) float64 {
	number := regexp.MustCompile(regexp.QuoteMeta(name) + `(\d+)`)
	return func(w *world) float64 {
		w.t.Helper()
		found := number.FindStringSubmatch(w.redis[0].CLI("INFO", "everything"))
		if found == nil {
			return 0
		}
		n, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			w.t.Errorf("cannot read %s: %v", name, err)
		}
		return n
	}
}

// cuts counts connections of the server that Redis has cut because their buffers were
// full: the fewer of those for answers and of those for notices.
func cuts(w *world) float64 {
	w.t.Helper()
	_, path, _ := strings.Cut(w.redis[0].CLI("CONFIG", "GET", "logfile"), "\n")
	log, err := os.ReadFile(strings.TrimSpace(path))
	if err != nil {
		w.t.Errorf("cannot read the log of Redis: %v", err)
	}
	answers, notices := 0, 0
	for line := range strings.Lines(string(log)) {
		if !strings.Contains(line, "overcoming of output buffer limits") || !strings.Contains(line, " name=uproar-") {
			continue
		}
		if strings.Contains(line, " sub=0 ") {
			answers++
		} else {
			notices++
		}
	}
	return float64(min(answers, notices))
}

// connection is one to Redis that stays, where Server.Do makes one for each command.
type connection struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func connect(t testing.TB, s *redistest.Server) *connection {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatalf("cannot connect to Redis: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return &connection{t, conn, bufio.NewReader(conn)}
}

// do sends a command whose answer is one line.
func (c *connection) do(words ...string) {
	c.t.Helper()
	var request strings.Builder
	request.WriteString("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, word := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	_ = c.conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = c.conn.Write([]byte(request.String()))
	if line, err := c.in.ReadString('\n'); err != nil || strings.HasPrefix(line, "-") {
		c.t.Fatalf("cannot ask Redis %q: %q, %v", words, line, err)
	}
}
