package link

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// answers closes the circle of a line's way: it is made before the Clue that it stands for.
type answers struct{ *Clue }

// court is a node on one detached loop that has clue.
type court struct {
	*house
	service *Clue
}

// newCourt is a court where a Decider sits.
func newCourt(t testing.TB, d Decider, ecfg engine.Config) *court {
	t.Helper()
	service, err := NewClue(ClueConfig{Decider: d, Within: 350 * time.Millisecond, Metrics: metrics.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	return &court{newHouse(t, Config{Clue: service}, ecfg), service}
}

// realCourt is one where a real clue sits, without rates.
func realCourt(t testing.TB) *court {
	t.Helper()
	to := &answers{}
	cfg := clue.Defaults()
	cfg.RateLimit, cfg.RateLimitModerator, cfg.LineGap, cfg.Admitter = clue.Rate{}, clue.Rate{}, 0, to
	c := clue.New(cfg, exchange.NewLocal(func(string, []chat.Event) {}), to)
	court := newCourt(t, c, engine.Config{})
	to.Clue = court.service
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return court
}

// oracle is a Decider that does what a test says, and keeps what it was asked.
type oracle struct {
	err error
	mu  struct {
		sync.Mutex
		said  []clue.Submission
		asked []clue.Admission
	}
}

func (o *oracle) Submit(s clue.Submission) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.mu.said = append(o.mu.said, s)
	}
	return o.err
}

func (o *oracle) Admit(a clue.Admission) ([]clue.Admitted, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mu.asked = append(o.mu.asked, a)
	return nil, false
}

// decide refuses all that was said, which is forgotten.
func (o *oracle) decide(to *Clue) {
	o.mu.Lock()
	said := o.mu.said
	o.mu.said = nil
	o.mu.Unlock()
	for i := range said {
		to.Decided([]clue.Decision{{
			Outcome: clue.Rejected, Room: said[i].Room, Origin: said[i].Origin, Ticket: said[i].Ticket, Rejection: chat.RejectRateLimit,
		}})
	}
}

var ann = wire.User{ID: "7", Login: "ann", Display: "Ann", Color: "#112233"}

// said is a line of ann's, with all the time that it needs.
func said(ticket uint32, text string) wire.Submission {
	return wire.Submission{Ticket: ticket, Origin: 1 << 40, Left: time.Second, Room: "room", User: ann, Text: text, Nonce: "n"}
}

// submit says lines.
func (k *kid) submit(ss ...wire.Submission) {
	k.h.t.Helper()
	frames, err := wire.AppendSubmissions(nil, ss)
	if err != nil {
		k.h.t.Fatal(err)
	}
	k.say(frames)
}

// admit asks to be let in.
func (k *kid) admit(as ...wire.Admission) {
	k.h.t.Helper()
	frames, err := wire.AppendAdmissions(nil, as)
	if err != nil {
		k.h.t.Fatal(err)
	}
	k.say(frames)
}

// told waits for n answers.
func (k *kid) told(n int) (ds []wire.Decision, vs []wire.Answer) {
	k.h.t.Helper()
	for end := time.Now().Add(20 * time.Second); len(ds)+len(vs) < n; {
		k.h.loop.Turn(func() {})
		if time.Now().After(end) {
			k.h.t.Fatalf("%d answers, want %d", len(ds)+len(vs), n)
		}
		for _, f := range k.frames() {
			var err error
			switch f.Kind {
			case wire.KindDecisions:
				ds, err = wire.ParseDecisions(ds, f.Body)
			case wire.KindAnswers:
				vs, err = wire.ParseAnswers(vs, f.Body)
			case wire.KindRefuse:
				err = wire.ParseRefuse(f.Body)
			}
			if err != nil {
				k.h.t.Fatal(err)
			}
		}
		if len(ds)+len(vs) < n {
			time.Sleep(100 * time.Microsecond)
		}
	}
	if len(ds)+len(vs) > n {
		k.h.t.Fatalf("%d answers, want %d", len(ds)+len(vs), n)
	}
	return ds, vs
}
