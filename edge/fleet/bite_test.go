package fleet

import (
	"testing"
	"time"
)

// biteMax is how long moderation that one edge has acknowledged may take to bite on
// another.
const biteMax = 100 * time.Millisecond

const (
	repetitions = 20
	attempts    = 3 // the machine may be busy with something else in one
)

// sanction is a command of a moderator and what takes it back.
type sanction struct {
	name         string
	order, acked string // the command, and the msg-id of its success
	refusal      string // what those hear on whom it bites
	lift, lifted string
}

var sanctions = []sanction{
	{"ban", "/ban eve", "ban_success", "msg_banned", "/unban eve", "unban_success"},
	{"timeout", "/timeout eve 600", "timeout_success", "msg_timedout", "/unban eve", "untimeout_success"},
	{"slow mode", "/slow 600", "slow_on", "msg_slowmode", "/slowoff", "slow_off"},
}

func TestModerationBitesOnTheOtherEdge(t *testing.T) {
	p := startPair(t, "--rate-limit=0", "--rate-limit-mod=0", "--flood-limit=0")
	owner := join(t, p.edges[0].IRC, room, room)
	eve := join(t, p.edges[1].IRC, "eve", room)
	for _, s := range sanctions {
		t.Run(s.name, func(t *testing.T) {
			owner.t, eve.t = t, t
			for attempt := 1; ; attempt++ {
				bite, lift := s.worst(owner, eve)
				t.Logf("bites after at most %v, is lifted after at most %v, in %d repetitions", bite, lift, repetitions)
				if bite <= biteMax {
					return
				}
				if attempt == attempts {
					t.Fatalf("bites after %v, want at most %v", bite, biteMax)
				}
			}
		})
	}
}

// worst is the longest that it took to bite, and to be lifted, from the acknowledgement
// until eve has the answer that shows it. She asks all the time; her edge knows her and
// her room well when the order is given.
func (s *sanction) worst(owner, eve *client) (bite, lift time.Duration) {
	owner.t.Helper()
	for range repetitions {
		if id := eve.ask(room); id != "" {
			eve.t.Fatalf("before %q eve hears %s", s.order, id)
		}
		owner.order(room, s.order, s.acked)
		bite = max(bite, s.until(eve, s.refusal))
		owner.order(room, s.lift, s.lifted)
		lift = max(lift, s.until(eve, ""))
	}
	return bite, lift
}

// until asks until the answer is want, and returns how long that took.
func (s *sanction) until(eve *client, want string) time.Duration {
	eve.t.Helper()
	began := time.Now()
	for {
		id := eve.ask(room)
		took := time.Since(began)
		if id == want {
			return took
		}
		if id != "" && id != s.refusal {
			eve.t.Fatalf("after %q eve hears %s", s.order, id)
		}
		if took > patience {
			eve.t.Fatalf("after %v eve still hears %q, want %q", took, id, want)
		}
	}
}
