package link

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// describe is a frame in words.
func describe(t testing.TB, f wire.Frame) string {
	t.Helper()
	var err error
	text := f.Kind.String()
	switch f.Kind {
	case wire.KindPayload:
		p, payload, e := wire.ParsePayload(f.Body)
		text, err = fmt.Sprintf("%s %d %s", text, p, payload), e
	case wire.KindSubscribed:
		var s wire.Set
		err = wire.ParseSet(f, &s, 16)
		for p := range s.All() {
			text += fmt.Sprintf(" %d", p)
		}
	case wire.KindRoute:
		var r wire.Route
		r, err = wire.ParseRoute(f.Body)
		for _, id := range r {
			text += fmt.Sprintf(" %d", id)
		}
	case wire.KindPong:
		var p wire.Ping
		p, err = wire.ParsePing(f)
		text += fmt.Sprintf(" %d", p.ID)
	case wire.KindFound:
		var found wire.Found
		err = wire.ParseFound(f.Body, &found)
		text += fmt.Sprintf(" %d to %v: %q %s", found.ID, found.Head, found.Parts, found.Error)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// await turns the loop until the child has heard something.
func (k *kid) await() string {
	k.h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		k.h.loop.Turn(func() {})
		if got := k.heard(); got != "" {
			return got
		}
	}
	k.h.t.Fatal("waited 10 s in vain for an answer")
	return ""
}

func ask(id uint32) []byte {
	out, err := wire.AppendSince(nil, &wire.Since{ID: id, Room: "room", After: wire.Position{Epoch: 5, Seq: 6}})
	if err != nil {
		panic(err)
	}
	return out
}

func TestQuestionsArePassedUp(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	h.feed.answer = func(_ context.Context, after exchange.Position) ([][]byte, exchange.Position, error) {
		return [][]byte{[]byte("a"), []byte("b")}, exchange.Position{Epoch: after.Epoch, Seq: after.Seq + 2}, nil
	}
	k := h.child(2)
	k.heard()
	k.say(ask(10)) // waits for Run
	h.run()
	if got := k.await(); got != `found 10 to {5 8}: ["a" "b"] ` {
		t.Fatal(got)
	}
}

func TestFailedQuestionIsAnsweredWithItsError(t *testing.T) {
	h := newHouse(t, Config{SinceTimeout: 100 * time.Millisecond}, engine.Config{})
	h.feed.answer = func(ctx context.Context, _ exchange.Position) ([][]byte, exchange.Position, error) {
		<-ctx.Done()
		return nil, exchange.Position{}, errors.New("the stream is away")
	}
	h.run()
	k := h.child(2)
	k.heard()
	k.say(ask(9))
	if got := k.await(); got != `found 9 to {0 0}: [] the stream is away` {
		t.Fatal(got)
	}
}

func TestQuestionThatWaitedTooLongIsNotAsked(t *testing.T) {
	h := newHouse(t, Config{SinceTimeout: time.Nanosecond}, engine.Config{})
	h.feed.answer = func(context.Context, exchange.Position) ([][]byte, exchange.Position, error) {
		t.Error("the feed was asked")
		return nil, exchange.Position{}, nil
	}
	k := h.child(2)
	k.heard()
	k.say(ask(9))
	h.run()
	if got := k.await(); got != "found 9 to {0 0}: [] "+context.DeadlineExceeded.Error() {
		t.Fatal(got)
	}
}

func TestOneChildCannotAskWithoutEnd(t *testing.T) {
	h := newHouse(t, Config{SinceTimeout: time.Minute}, engine.Config{})
	free := make(chan struct{})
	h.feed.answer = func(context.Context, exchange.Position) ([][]byte, exchange.Position, error) {
		<-free
		return nil, exchange.Position{Epoch: 1, Seq: 1}, nil
	}
	h.run()
	k := h.child(2)
	k.heard()
	for id := range uint32(sincesPerChildMax) {
		k.say(ask(id))
	}
	if got := k.heard(); got != "" {
		t.Fatal(got)
	}
	k.say(ask(99999))
	if got := k.heard(); got != "found 99999 to {0 0}: [] "+errBusy.Error() {
		t.Fatal(got)
	}
	close(free)
	answers := 0
	for answers < sincesPerChildMax {
		answers += strings.Count(k.await(), "{1 1}")
	}
	k.say(ask(100000))
	if got := k.await(); !strings.HasPrefix(got, "found 100000 to {1 1}") {
		t.Fatal(got)
	}
}

func TestSameQuestionsThatWaitAreAskedOnce(t *testing.T) {
	h := newHouse(t, Config{SinceTimeout: time.Minute}, engine.Config{})
	var asked atomic.Int32
	begun, free := make(chan struct{}, 1), make(chan struct{})
	h.feed.answer = func(_ context.Context, after exchange.Position) ([][]byte, exchange.Position, error) {
		n := asked.Add(1)
		if n == 1 {
			begun <- struct{}{}
			<-free
		}
		return nil, exchange.Position{Epoch: after.Epoch, Seq: uint64(n)}, nil
	}
	a, b := h.child(2), h.child(3)
	a.heard()
	b.heard()
	a.say(ask(10)) // these two wait for Run
	b.say(ask(20))
	h.run()
	<-begun
	a.say(ask(11)) // asked by who may have been sent something that the first answer does not know
	second := a.await()
	close(free)
	if first := a.await() + b.await(); first != "found 10 to {5 1}: [] found 20 to {5 1}: [] " || second != "found 11 to {5 2}: [] " {
		t.Errorf("%q, %q", first, second)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the feed was asked %d times", n)
	}
}

func TestAnswerThatDoesNotFitIsToldLater(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{OutboxBytesMax: 4 << 10})
	k := h.child(2)
	k.want(3)
	k.heard()
	for range 100 {
		h.node.Payload(3, make([]byte, 1000))
		h.loop.Turn(func() {})
	}
	h.loop.Turn(func() { k.conn.Handler().(*child).found(&wire.Found{ID: 9}) })
	heard := ""
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(heard, "found"); time.Sleep(time.Millisecond) {
		h.loop.Turn(func() {})
		heard += k.heard() + ", "
		if time.Now().After(deadline) {
			t.Fatal("the child is never told")
		}
	}
	if !strings.Contains(heard, "subscribed 3, found 9 to {0 0}: [] "+errBehind.Error()) {
		t.Fatalf("ends with %q", heard[len(heard)-100:])
	}
}
