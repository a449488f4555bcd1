package clue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/store"
	"uproar/core/trace"
)

var errLost = errors.New("the stage has lost it")

func (s *script) wantAnswers(n int) {
	s.t.Helper()
	if got := len(s.stage.answers()); got != n {
		s.t.Fatalf("%d answers, want %d", got, n)
	}
}

func TestSenderIsAnsweredWhenTheLineIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, classic())
		s.stage.hold(true)
		s.submit("room", "ann", "one", "two")
		s.wantAnswers(0)
		m := s.c.meters
		if m.underWay.Load() != 2 || m.accepted.Get() != 0 {
			t.Fatalf("%d under way, %d accepted", m.underWay.Load(), m.accepted.Get())
		}
		time.Sleep(50 * time.Millisecond)
		s.stage.release(t, 0, nil)
		one, two := wantAccepted(t, s.last(2)[0], "one"), wantAccepted(t, s.last(2)[1], "two")
		if two.Seq != one.Seq+1 || len(s.stage.published("room")) != 2 {
			t.Fatalf("seq %d and %d", one.Seq, two.Seq)
		}
		s.c.shards[0].lookAtEnds()
		s.wantAnswers(2)
		if m.underWay.Load() != 0 || m.accepted.Get() != 2 || len(s.c.shards[0].underWay) != 0 {
			t.Fatalf("%d under way, %d accepted", m.underWay.Load(), m.accepted.Get())
		}
	})
}

func TestRefusedLinesAndOtherRoomsDoNotWait(t *testing.T) {
	s := newScript(t, classic())
	s.submit("room", "ann", "before")
	s.stage.hold(true)
	s.submit("room", "ann", "before", "under way", "/nosuch")
	wantRejection(t, s.last(2)[0], rejectDuplicate(halfMinute))
	wantID(t, s.last(2)[1], "unrecognized_cmd")
	s.submit("other", "bob", "hello")
	s.stage.release(t, 1, nil)
	wantAccepted(t, s.last(1)[0], "hello")
	s.release(nil)
	wantAccepted(t, s.last(1)[0], "under way")
	s.wantAnswers(5)
}

// A publisher may answer from another goroutine before it has returned.
func TestPublicationThatIsOverBeforePublishReturns(t *testing.T) {
	for _, err := range []error{nil, errLost} {
		st := newStage()
		c := New(classic(), hasty{err}, st)
		s := &script{t: t, c: c, stage: st}
		shard := c.shardOf("room")
		submit := func(text string) Decision {
			if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: text}); err != nil {
				t.Fatal(err)
			}
			shard.decideBatch(shard.queue.take(shard.batch[:]))
			return s.last(1)[0]
		}
		for _, text := range []string{"one", "two"} {
			if d := submit(text); err == nil {
				wantAccepted(t, d, text)
			} else {
				wantRejection(t, d, chat.RejectUnavailable)
			}
		}
		if len(shard.underWay) != 0 || shard.next.isOver() || c.meters.takenBack.Get() != 0 {
			t.Fatal("something is left of it")
		}
	}
}

type hasty struct{ err error }

func (h hasty) Publish(_ string, _ []chat.Event, done func(error)) error {
	over := make(chan struct{})
	go func() {
		defer close(over)
		done(h.err)
	}()
	<-over
	return nil
}

func TestSleepingShardIsWokenToTakeBack(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.out.hold(true)
		for i := range 5 {
			if err := n.c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			n.out.release(t, 0, errLost)
			synctest.Wait()
			if got := len(n.out.answers()); got != i+1 {
				t.Fatalf("%d answers to %d lines", got, i+1)
			}
		}
		n.out.hold(false)
		wantAccepted(t, n.say("room", "ann", "hello"), "hello")
	})
}

func TestCommanderIsAnsweredWhenTheRoomCanSeeIt(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.out.hold(true)
		give := func(text string, err error) Decision {
			before := len(n.out.answers())
			if err := n.c.Submit(Submission{Room: "room", User: user("room"), Text: text}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(n.out.answers()) != before {
				t.Fatalf("%q is answered before it is published", text)
			}
			n.out.release(t, 0, err)
			synctest.Wait()
			return n.out.answers()[before]
		}
		n.wantTold(give("/slow 10", nil), "")
		wantRejection(t, give("/raid goal", errLost), chat.RejectUndone)
		n.wantTold(give("/raid goal", nil), "raid_success")
		wantRejection(t, give("/unraid", errLost), chat.RejectUndone)
		wantID(t, n.say("room", "room", "/raid other"), "raid_error_already_raiding")
		n.wantTold(give("/unraid", nil), "unraid_success")
		if m := n.c.meters; m.takenBack.Get() != 2 || m.underWay.Load() != 0 {
			t.Fatalf("%d taken back, %d under way", m.takenBack.Get(), m.underWay.Load())
		}
	})
}

func TestApprovedLineIsDecidedWhenItIsPublished(t *testing.T) {
	atModeration(t, func(n *counter) {
		id := n.hold("ann", "darn it")
		n.out.hold(true)
		approve := func() {
			if err := n.c.Submit(Submission{Room: "room", User: user("mod"), Text: "/approve " + id}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		last := func() Decision {
			synctest.Wait()
			ds := n.out.answers()
			return ds[len(ds)-1]
		}
		approve()
		wantID(t, n.say("room", "room", "/deny "+id), "bad_held_unknown") // somebody was quicker
		n.out.release(t, 0, errLost)
		wantRejection(t, last(), chat.RejectUndone)
		approve() // it is still held
		n.out.release(t, 0, nil)
		n.wantTold(last(), "approve_success")
		n.out.hold(false)
		n.wantTold(n.say("room", "mod", "/delete "+n.out.published("room")[0].ID), "delete_message_success")
		if m := n.c.meters; m.heldApproved.Get() != 1 || m.heldDenied.Get() != 0 {
			t.Fatalf("%d approved, %d denied", m.heldApproved.Get(), m.heldDenied.Get())
		}
	})
}

// What is under way does not keep a held line, nor its room, from making room for others.
func TestApprovedLineThatIsForgottenUnderWayIsPublished(t *testing.T) {
	atCounter(t, func(c *Config) { c.Shards, c.RoomsMax = 1, 1 }, func(n *counter) {
		yes, terms := true, []string{"darn"}
		n.store.change(t, roomKey("room"), store.Change{HoldTerms: &yes, Terms: &terms})
		synctest.Wait()
		id := n.hold("ann", "darn it")
		n.out.hold(true)
		if err := n.c.Submit(Submission{Room: "room", User: user("mod"), Text: "/approve " + id}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(heldFor)
		n.out.hold(false)
		wantAccepted(t, n.say("other", "bob", "hello"), "hello")
		n.out.release(t, 0, nil)
		synctest.Wait()
		ds := n.out.answers()
		n.wantTold(ds[len(ds)-1], "approve_success")
	})
}

func TestEndWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		c := New(free(), s, s)
		stop := start(c)
		s.hold(true)
		for i, text := range []string{"in time", "lost", "never", "/clear"} {
			if err := c.Submit(Submission{Room: fmt.Sprint("room", i), User: user(fmt.Sprint("room", i)), Text: text}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		began := time.Now()
		go func() {
			time.Sleep(endWait / 2)
			s.release(t, 0, nil)
			s.release(t, 0, errLost)
		}()
		stop()
		if took := time.Since(began); took != endWait {
			t.Fatalf("took %v, want %v", took, endWait)
		}
		ds := s.answers()
		if len(ds) != 4 {
			t.Fatalf("%d answers, want 4", len(ds))
		}
		slices.SortFunc(ds, func(a, b Decision) int { return int(a.Room[4]) - int(b.Room[4]) })
		wantAccepted(t, ds[0], "in time")
		wantRejection(t, ds[1], chat.RejectUnavailable)
		wantRejection(t, ds[2], chat.RejectUnavailable)
		wantRejection(t, ds[3], chat.RejectUndone)
		s.release(t, 0, nil) // too late
		s.release(t, 0, errLost)
		if n := len(s.answers()); n != 4 {
			t.Fatalf("%d answers, want no more", n)
		}
	})
}

// patient is a Replier that takes its time.
type patient struct {
	*stage
	wait time.Duration
}

func (p patient) Decided(ds []Decision) {
	time.Sleep(p.wait)
	p.stage.Decided(ds)
}

// The time is over while the answer is on its way.
func TestEndAnswersNobodyTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage()
		c := New(free(), s, patient{s, endWait})
		stop := start(c)
		s.hold(true)
		if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		go func() {
			time.Sleep(endWait / 2)
			s.release(t, 0, nil)
		}()
		stop()
		ds := s.answers()
		if len(ds) != 1 {
			t.Fatalf("%d answers to one line", len(ds))
		}
		wantAccepted(t, ds[0], "hello")
	})
}

func TestEndLeavesNoGoroutineOfWhatIsUnderWay(t *testing.T) {
	defer goleak.VerifyNone(t)
	p := &slow{fails: 3}
	st := newStage()
	cfg := free()
	cfg.Shards = 2
	c := New(cfg, p, st)
	stop := start(c)
	for i := range 200 {
		if err := c.Submit(Submission{Room: fmt.Sprint("room", i%10), User: user("ann"), Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if n := len(st.answers()); n != 200 {
		t.Fatalf("%d answers to 200 lines", n)
	}
	p.calls.Wait()
}

// slow answers each publication on a goroutine of its own after a while of its own; some
// fail, at once or later.
type slow struct {
	fails int // one in so many, at once and later each; 0: none
	delay time.Duration
	calls sync.WaitGroup
	count atomic.Int64
	mu    struct {
		sync.Mutex
		said map[string]bool // texts, and whether they are published
	}
}

func (p *slow) Publish(_ string, events []chat.Event, done func(error)) error {
	n := int(p.count.Add(1))
	if p.fails > 0 && n%p.fails == 1 {
		return errRefused
	}
	p.calls.Go(func() {
		time.Sleep(time.Duration(rand.Int64N(int64(p.delay) + 1)))
		var err error
		if p.fails > 0 && n%p.fails == 2 {
			err = errLost
		} else {
			p.mu.Lock()
			for _, e := range events {
				if p.mu.said == nil {
					p.mu.said = make(map[string]bool)
				}
				p.mu.said[e.(*chat.Message).Text] = true
			}
			p.mu.Unlock()
		}
		done(err)
	})
	return nil
}

// Who is told that his line was said can rely on it, and who is told otherwise too.
func TestEveryLineIsAnsweredForWhatBecameOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slow{fails: 5, delay: 20 * time.Millisecond}
		st := newStage()
		cfg := classic()
		cfg.RateLimit, cfg.RateLimitModerator = Rate{}, Rate{}
		cfg.Shards = 3
		c := New(cfg, p, st)
		stop := start(c)
		const speakers, each = 20, 50
		for i := range speakers {
			go func() {
				for j := range each {
					if err := c.Submit(Submission{Room: fmt.Sprint("room", i%7), User: user(fmt.Sprint("user", i)), Text: fmt.Sprint(i, " ", j), Nonce: fmt.Sprint(i, " ", j)}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Millisecond)
				}
			}()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		ds := st.answers()
		if len(ds) != speakers*each {
			t.Fatalf("%d answers to %d lines", len(ds), speakers*each)
		}
		accepted := 0
		for _, d := range ds {
			if said := p.mu.said[d.Nonce]; said != (d.Outcome == Accepted) {
				t.Fatalf("%q: outcome %d, published: %v", d.Nonce, d.Outcome, said)
			}
			if d.Outcome == Accepted {
				accepted++
			}
		}
		if accepted == 0 || accepted == len(ds) || c.meters.underWay.Load() != 0 {
			t.Fatalf("%d accepted of %d, %d under way", accepted, len(ds), c.meters.underWay.Load())
		}
		stop()
	})
}

func TestAcceptedLinesAreTraced(t *testing.T) {
	rec := trace.New()
	atCounter(t, func(c *Config) { c.Trace = rec }, func(n *counter) {
		yes, terms := true, []string{"darn"}
		n.store.change(t, roomKey("room"), store.Change{HoldTerms: &yes, Terms: &terms})
		synctest.Wait()
		wantAccepted(t, n.say("room", "ann", "hello"), "hello")
		n.wantTold(n.say("room", "mod", "/approve "+n.hold("ann", "darn it")), "approve_success")
		for _, m := range n.out.published("room") {
			if hops := rec.Of(m.ID); len(hops) != 1 || hops[0].Hop != trace.Decided.String() {
				t.Fatalf("%q has passed %v", m.Text, hops)
			}
		}
	})
}

func TestSenderOfALineThatMayAppearIsToldSo(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.out.hold(true)
		for i, err := range []error{fmt.Errorf("cannot publish: %w", exchange.ErrUnsure), fmt.Errorf("cannot publish: %w", exchange.ErrUnavailable)} {
			if err := n.c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			n.out.release(t, 0, err)
			synctest.Wait()
			wantRejection(t, n.out.answers()[i], []*chat.Notice{chat.RejectUnsure, chat.RejectUnavailable}[i])
		}
		n.out.hold(false)
	})
}
