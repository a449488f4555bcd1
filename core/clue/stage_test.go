package clue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"uproar/core/chat"
)

// stage is both ends of a Clue under test: it records what is published and what is
// answered, can refuse to publish, and can take its time.
type stage struct {
	mu struct {
		sync.Mutex
		lines     map[string][]*chat.Message // published, by room
		events    map[string][]chat.Event    // published, lines and others, by room
		decisions []Decision
		refuse    bool
		hold      bool
		held      []carried // taken and not answered, oldest first
	}
}

var errRefused = errors.New("the stage refuses")

func newStage() *stage {
	st := &stage{}
	st.mu.lines = make(map[string][]*chat.Message)
	st.mu.events = make(map[string][]chat.Event)
	return st
}

func (st *stage) Publish(room string, events []chat.Event, done func(error)) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.mu.refuse {
		return errRefused
	}
	if st.mu.hold {
		st.mu.held = append(st.mu.held, carried{room, events, slices.Clone(events), done})
		return nil
	}
	st.record(room, events)
	done(nil)
	return nil
}

// record notes what is published. The lock is held.
func (st *stage) record(room string, events []chat.Event) {
	for _, e := range events {
		if m, ok := e.(*chat.Message); ok {
			st.mu.lines[room] = append(st.mu.lines[room], m)
		}
	}
	st.mu.events[room] = append(st.mu.events[room], events...)
}

func (st *stage) Decided(ds []Decision) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.mu.decisions = append(st.mu.decisions, ds...)
}

func (st *stage) refuse(yes bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.mu.refuse = yes
}

func (st *stage) published(room string) []*chat.Message {
	st.mu.Lock()
	defer st.mu.Unlock()
	return append([]*chat.Message(nil), st.mu.lines[room]...)
}

func (st *stage) answers() []Decision {
	st.mu.Lock()
	defer st.mu.Unlock()
	return append([]Decision(nil), st.mu.decisions...)
}

// classic is Twitch's rules without the second between lines, in which tests, whose
// clock stands still, could say nothing twice.
func classic() Config {
	cfg := Defaults()
	cfg.LineGap = 0
	return cfg
}

// user is an account of that login.
func user(login string) *chat.User {
	return &chat.User{ID: chat.StableID(login), Login: login, Display: login}
}

// start runs c until the returned function, which waits for its end.
func start(c *Clue) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return func() {
		cancel()
		<-ended
	}
}

// script drives one shard on the test's goroutine, with time that the test sets.
type script struct {
	t     *testing.T
	c     *Clue
	stage *stage
}

// newScript makes a Clue of one shard that nobody runs.
func newScript(t *testing.T, cfg Config) *script {
	cfg.Shards = 1
	st := newStage()
	return &script{t: t, c: New(cfg, st, st), stage: st}
}

// say submits one line, lets the shard decide, and returns the decision.
func (s *script) say(sub Submission) Decision {
	s.t.Helper()
	if err := s.c.Submit(sub); err != nil {
		s.t.Fatalf("cannot submit %q: %v", sub.Text, err)
	}
	before := len(s.stage.answers())
	s.decide()
	after := s.stage.answers()
	if len(after) != before+1 {
		s.t.Fatalf("%d decisions for one line", len(after)-before)
	}
	return after[before]
}

// decide lets the shard decide all that waits.
func (s *script) decide() {
	shard := s.c.shards[0]
	for n := shard.queue.take(shard.batch[:]); n > 0; n = shard.queue.take(shard.batch[:]) {
		shard.decideBatch(n)
	}
}

func (s *script) said(room, login, text string) Decision {
	s.t.Helper()
	return s.say(Submission{Room: room, User: user(login), Text: text})
}

func wantRejection(t *testing.T, d Decision, want *chat.Notice) {
	t.Helper()
	if d.Outcome != Rejected || *d.Rejection != *want || d.Message != nil {
		t.Fatalf("got outcome %d, rejection %v, message %v; want rejection %v", d.Outcome, d.Rejection, d.Message, want)
	}
}

func wantAccepted(t *testing.T, d Decision, text string) *chat.Message {
	t.Helper()
	if d.Outcome != Accepted || d.Message == nil || d.Rejection != nil {
		t.Fatalf("got outcome %d, rejection %v; want %q accepted", d.Outcome, d.Rejection, text)
	}
	if d.Message.Text != text {
		t.Fatalf("got text %q, want %q", d.Message.Text, text)
	}
	return d.Message
}

const halfMinute = 30 * time.Second
