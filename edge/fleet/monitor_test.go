package fleet

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

const (
	membersPerEdge = 10
	chatFor        = time.Second
	roundEvery     = 100 * time.Millisecond
)

// What a line that a warm cache decides may ask of Redis: its limits and the line before
// it, to remember that it was said, and to bring it to the other edges. Anything else was
// read before and is unchanged.
var needed = []*regexp.Regexp{
	published,
	regexp.MustCompile(`^"PUBLISH" "up:test:\{x\d+\}" "\\xff`), // who is where, every few seconds
	regexp.MustCompile(`^"EVALSHA" "[0-9a-f]{40}" "\d+" ("up:test:\{u:\w+\}:rate:\w+" ?)+`),
	regexp.MustCompile(`^"(GET|PTTL)" "up:test:\{r:hall\}:last:\w+"$`),
	regexp.MustCompile(`^"SET" "up:test:\{r:hall\}:last:\w+" "\w+" "PX" "\d+"$`),
	regexp.MustCompile(`^"PING"$`), // of an idle connection
}

// published is a flush of the exchange, which may be of several lines.
var published = regexp.MustCompile(`^"EVALSHA" "[0-9a-f]{40}" "\d+" "up:test:\{x\d+\}:`)

func TestWarmChatReadsNoRecordFromRedis(t *testing.T) {
	p := startPair(t, "--rate-limit=1000/30s", "--rate-limit-mod=2000/30s")
	var members []*client
	for i, edge := range p.edges {
		for n := range membersPerEdge {
			members = append(members, join(t, edge.IRC, fmt.Sprintf("member%d%d", i, n), room))
		}
	}
	for range 3 { // the first line of a member is remembered with the next
		everybodySpeaks(t, members)
	}
	watch := startMonitor(t, p.redis)
	lines := 0
	for began := time.Now(); time.Since(began) < chatFor; lines += len(members) {
		next := time.Now().Add(roundEvery)
		everybodySpeaks(t, members)
		time.Sleep(time.Until(next)) // chat, not a load test
	}
	seen := watch.until("end of chat")
	kinds := map[string]int{}
	for _, command := range seen {
		kind := strings.Fields(command)[0]
		if published.MatchString(command) {
			kind = "flush"
		}
		kinds[kind]++
		if !slices.ContainsFunc(needed, func(r *regexp.Regexp) bool { return r.MatchString(command) }) {
			t.Errorf("the cache could have spared %s", command)
		}
	}
	t.Logf("%d lines of %d members took %v", lines, len(members), kinds)
	for kind, n := range map[string]int{`"EVALSHA"`: lines, `"GET"`: lines, `"PTTL"`: lines} {
		if kinds[kind] != n {
			t.Errorf("%d commands %s, want one for each of %d lines", kinds[kind], kind, lines)
		}
	}
	if n := kinds["flush"]; n == 0 || n > lines {
		t.Errorf("%d flushes of the exchange, want 1 to %d", n, lines)
	}

	// What nobody has read is seen to be read, so that the silence above means something.
	stranger := join(t, p.edges[0].IRC, "stranger", room)
	if id := stranger.ask(room); id != "" {
		t.Fatalf("a stranger hears %s", id)
	}
	wanted := `"HGETALL" "up:test:{r:hall}:m:stranger"`
	if seen := watch.until("end of stranger"); !slices.Contains(seen, wanted) {
		t.Errorf("MONITOR shows no %s: %q", wanted, seen)
	}
}

// everybodySpeaks has each member say one line, which is accepted.
func everybodySpeaks(t *testing.T, members []*client) {
	t.Helper()
	for _, c := range members {
		if id := c.ask(room); id != "" {
			t.Fatalf("%s hears %s", c.nick, id)
		}
	}
}

// monitor is a connection under MONITOR.
type monitor struct {
	t     *testing.T
	redis *redistest.Server
	conn  net.Conn
	in    *bufio.Reader
}

// startMonitor returns when every command from now on will be seen.
func startMonitor(t *testing.T, s *redistest.Server) *monitor {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.Addr, patience)
	if err != nil {
		t.Fatalf("cannot connect to redis-server: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	m := &monitor{t, s, conn, bufio.NewReader(conn)}
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		t.Fatalf("cannot send MONITOR: %v", err)
	}
	if answer := m.line(); answer != "+OK" {
		t.Fatalf("MONITOR answered %q", answer)
	}
	return m
}

// until sends Redis a mark and returns all commands of clients before it. What a script
// does inside is left out: its call is there.
func (m *monitor) until(mark string) []string {
	m.t.Helper()
	m.redis.Do("ECHO", mark)
	var commands []string
	for {
		// +1700000000.123456 [0 127.0.0.1:50000] "GET" "key"
		from, command, ok := strings.Cut(m.line(), "] ")
		switch {
		case !ok:
			m.t.Fatalf("MONITOR shows %q", from)
		case command == fmt.Sprintf(`"ECHO" "%s"`, mark):
			return commands
		case !strings.HasSuffix(from, " lua"):
			commands = append(commands, command)
		}
	}
}

func (m *monitor) line() string {
	m.t.Helper()
	_ = m.conn.SetReadDeadline(time.Now().Add(patience))
	line, err := m.in.ReadString('\n')
	if err != nil {
		m.t.Fatalf("cannot read what MONITOR shows: %v", err)
	}
	return strings.TrimSpace(line)
}
