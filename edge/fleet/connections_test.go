package fleet

import (
	"fmt"
	"strings"
	"testing"
)

// connectionsMax is how many connections to Redis a process must stay below.
const connectionsMax = 10

func TestConnectionsAreNamedAndFew(t *testing.T) {
	p := startPair(t)
	for i, edge := range p.edges {
		for n := range 3 {
			c := join(t, edge.IRC, fmt.Sprintf("user%d%d", i, n), room)
			if id := c.ask(room); id != "" {
				t.Fatalf("%s hears %s", c.nick, id)
			}
		}
	}
	owned := [len(p.edges)]int{}
	for line := range strings.Lines(p.redis.CLI("client", "list")) {
		fields := fieldsOf(line)
		if fields["cmd"] == "client|list" {
			continue // redis-cli itself
		}
		owner := -1
		for i, edge := range p.edges {
			// role, host, pid, environment, use; the host may have a '-' of its own
			_, use, ok := strings.Cut(fields["name"], fmt.Sprintf("-%d-%s", edge.Pid, env))
			if ok && strings.HasPrefix(fields["name"], "uproar-edge-") && (use == "" || use == "-bus" || use == "-feed") {
				owner = i
			}
		}
		if owner < 0 {
			t.Errorf("whose is connection %q?", strings.TrimSpace(line))
			continue
		}
		owned[owner]++
	}
	t.Logf("connections of each edge: %v", owned)
	for i, n := range owned {
		if n < 1 || n >= connectionsMax {
			t.Errorf("edge %d has %d connections, want 1 to %d", i, n, connectionsMax-1)
		}
	}
}

// fieldsOf are the pairs of a line of CLIENT LIST.
func fieldsOf(line string) map[string]string {
	fields := map[string]string{}
	for pair := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(pair, "=")
		fields[name] = value
	}
	return fields
}
