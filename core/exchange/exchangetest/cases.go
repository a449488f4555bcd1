package exchangetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// numbers are the texts from to to, both included.
func numbers(from, to int) []string {
	var texts []string
	for i := from; i <= to; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

// sayEach publishes texts one by one.
func (s *site) sayEach(room string, texts ...string) {
	for _, text := range texts {
		s.say(room, text)
	}
}

func everyEdge(s *site) {
	const lines = 100
	rooms := []string{s.room("a"), s.room("b"), s.room("c"), s.room("d")}
	edges := []*edge{s.edge().join(rooms...), s.edge().join(rooms...), s.edge().join(rooms[:2]...)}
	var speakers sync.WaitGroup
	for _, room := range rooms {
		speakers.Go(func() { s.sayEach(room, numbers(1, lines)...) })
	}
	speakers.Wait()
	for i, e := range edges {
		for j, room := range rooms {
			if i < 2 || j < 2 {
				e.expect(room, numbers(1, lines)...)
			} else if got := e.log(room); len(got) != 0 {
				s.t.Errorf("an edge without members in %q got %q", room, got)
			}
		}
		if c := e.Counts(); c.Gaps != 0 || c.Unreadable != 0 {
			s.t.Errorf("edge %d: %+v", i, c)
		}
	}
}

func manyLines(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	s.say(room, numbers(1, 200)...)
	s.say(room, "201")
	e.expect(room, numbers(1, 201)...)
	if n := e.tap.Payloads(exchange.PartitionOf(room, s.Partitions)); n > 2 {
		s.t.Errorf("%d payloads for 2 publications", n)
	}
}

func wholeEvents(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	at := func() chat.Place { return chat.Place{Room: room, RoomID: "7", Time: time.UnixMilli(1_700_000_000_000)} }
	ann := &chat.User{ID: "1", Login: "ann", Display: "Ann", Color: "#123456"}
	want := []chat.Event{
		&chat.Message{Place: at(), ID: "x", User: ann, Roles: chat.VIP, Text: "hi", Action: true},
		&chat.Clearing{Place: at(), Target: ann, For: time.Minute},
		&chat.Deletion{Place: at(), MessageID: "x", Login: "ann", Text: "hi"},
		&chat.ModeChange{Place: at(), Mode: chat.ModeSlow, Modes: chat.Modes{Slow: time.Minute}, Notice: chat.Notice{MsgID: "slow_on", Text: "slow"}},
		&chat.Announcement{Place: at(), ID: "y", User: ann, Text: "hear", Color: "BLUE"},
		&chat.Raid{Place: at(), ID: "z", User: ann, Target: "bob", Viewers: 3},
	}
	s.publish(room, want...)
	var got []chat.Event
	s.eventually("all events come", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		got = e.mu.events
		return len(got) == len(want)
	})
	for i := range want {
		if seq := got[i].Where().Seq; i > 0 && seq != got[i-1].Where().Seq+1 {
			s.t.Errorf("event %d has seq %d", i, seq)
		}
		want[i].Where().Epoch, want[i].Where().Seq = got[i].Where().Epoch, got[i].Where().Seq
		if !reflect.DeepEqual(got[i], want[i]) {
			s.t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

func originTravels(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	s.say(room, "1")
	e.expect(room, "1")
	e.mu.Lock()
	defer e.mu.Unlock()
	if got := e.mu.events[0].(*chat.Message).Origin; got != origin {
		s.t.Errorf("origin %v, want %v", got, origin)
	}
}

// elsewhere is a room in another partition than room, neighbour one in the same.
func (s *site) elsewhere(room string) string { return s.find(room, false) }
func (s *site) neighbour(room string) string { return s.find(room, true) }

func (s *site) find(room string, same bool) string {
	for i := 0; ; i++ {
		other := s.room(fmt.Sprintf("o%d", i))
		if same == (exchange.PartitionOf(other, s.Partitions) == exchange.PartitionOf(room, s.Partitions)) {
			return other
		}
	}
}

func interest(s *site) {
	room := s.room("a")
	other := s.elsewhere(room)
	partition := exchange.PartitionOf(other, s.Partitions)
	e := s.edge().join(room)
	s.say(other, "1")
	s.say(room, "1")
	e.expect(room, "1")
	if n := e.tap.Payloads(partition); n != 0 {
		s.t.Errorf("%d payloads of a partition without members", n)
	}
	e.join(other)
	s.say(other, "2")
	e.expect(other, "2")
	e.Leave(other)
	said := 1
	s.eventually("payloads end when the last member has left", func() bool {
		before := e.tap.Payloads(partition)
		s.say(other, "3")
		said++
		s.say(room, strconv.Itoa(said))
		e.expect(room, numbers(1, said)...)
		return e.tap.Payloads(partition) == before
	})
}

func passedOver(s *site) {
	room := s.room("a")
	neighbour := s.neighbour(room)
	e := s.edge().join(room)
	s.say(room, "1")
	e.expect(room, "1")
	s.sayEach(neighbour, numbers(1, 10)...)
	s.say(room, "2")
	e.expect(room, "1", "2")
	if c := e.Counts(); c.Passed != 10 || c.Received != 2 {
		s.t.Errorf("%+v", c)
	}
	if n := e.tap.Answers(neighbour); n != 0 {
		s.t.Errorf("%d questions about the neighbour", n)
	}
}

func mixed(s *site) {
	const lines = 300
	rooms := []string{s.room("a"), s.room("b"), s.room("c")}
	edges := []*edge{s.edge().join(rooms...), s.edge().join(rooms...)}
	seed := rand.Uint64()
	s.t.Logf("seed %d", seed)
	for i, e := range edges {
		e.tap.Mix(rand.New(rand.NewPCG(seed, uint64(i))))
	}
	var speakers sync.WaitGroup
	for _, room := range rooms {
		speakers.Go(func() { s.sayEach(room, numbers(1, lines)...) })
	}
	speakers.Wait()
	said := lines
	s.eventually("payloads are lost and doubled", func() bool {
		said++
		for _, room := range rooms {
			s.say(room, strconv.Itoa(said))
		}
		return !slices.ContainsFunc(edges, func(e *edge) bool { return e.Counts().Repaired == 0 || e.Counts().Duplicates == 0 })
	})
	// Until something comes nobody can know that the last lines are missing.
	for _, e := range edges {
		e.tap.Mix(nil)
	}
	for _, room := range rooms {
		s.say(room, strconv.Itoa(said+1))
	}
	for _, e := range edges {
		for _, room := range rooms {
			e.expect(room, numbers(1, said+1)...)
		}
		if c := e.Counts(); c.Gaps != 0 {
			s.t.Errorf("%+v", c)
		}
	}
}

func interrupted(s *site) {
	const lines = 100
	room := s.room("a")
	edges := []*edge{s.edge().join(room), s.edge().join(room)}
	for i := 1; i <= lines; i++ {
		s.say(room, strconv.Itoa(i))
		if i%30 == 0 {
			s.Interrupt()
		}
	}
	for _, e := range edges {
		e.expect(room, numbers(1, lines)...)
	}
}

func manyMissed(s *site) {
	const lines = 5000
	room := s.room("a")
	e := s.edge().join(room)
	e.tap.Lose(true)
	for i := 1; i < lines; i += 2 {
		s.say(room, numbers(i, i+1)...)
	}
	s.eventually("they are lost", func() bool { return e.tap.Payloads(exchange.PartitionOf(room, s.Partitions)) >= lines/2 })
	e.tap.Lose(false)
	s.say(room, strconv.Itoa(lines+1))
	e.expect(room, numbers(1, lines+1)...)
	if c := e.Counts(); c.Gaps != 0 || c.Repaired < lines {
		s.t.Errorf("%+v", c)
	}
}

func forgotten(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	s.say(room, "1")
	e.expect(room, "1")
	e.tap.Lose(true)
	s.sayEach(room, numbers(2, 5)...)
	s.eventually("they are lost", func() bool { return e.tap.Payloads(exchange.PartitionOf(room, s.Partitions)) >= 5 })
	s.Trim(room)
	e.tap.Lose(false)
	s.say(room, "6")
	s.say(room, "7")
	e.expect(room, "1", "gap 4", "6", "7")
	if c := e.Counts(); c.Gaps != 1 || c.Missed != 4 {
		s.t.Errorf("%+v", c)
	}
}

func restarted(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	s.sayEach(room, "1", "2")
	e.expect(room, "1", "2")
	s.Restart()
	s.sayEach(room, "3", "4")
	e.expect(room, "1", "2", "gap 0", "3", "4")
}

func firstWords(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	e.tap.Lose(true)
	s.say(room, "1")
	s.eventually("it is lost", func() bool { return e.tap.Payloads(exchange.PartitionOf(room, s.Partitions)) >= 1 })
	e.tap.Lose(false)
	s.say(room, "2")
	e.expect(room, "1", "2")
}

func lateMember(s *site) {
	room := s.room("a")
	early := s.edge().join(room)
	s.sayEach(room, numbers(1, 10)...)
	early.expect(room, numbers(1, 10)...)
	late := s.edge().join(room)
	s.sayEach(room, numbers(11, 20)...)
	early.expect(room, numbers(1, 20)...)
	late.expect(room, numbers(11, 20)...)
}

func comesAgain(s *site) {
	room := s.room("a")
	stays := s.neighbour(room)
	e := s.edge().join(room, stays)
	s.say(room, "1")
	e.expect(room, "1")
	e.Leave(room)
	s.say(room, "2")
	s.say(stays, "1")
	e.expect(stays, "1") // so that nothing old is on its way
	e.join(room)
	s.say(room, "3")
	e.expect(room, "1", "3")
	if c := e.Counts(); c.Gaps != 0 {
		s.t.Errorf("%+v", c)
	}
}

func since(s *site) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	room := s.room("a")
	feed := s.Feed()
	ask := func(after exchange.Position) (seqs []uint64, head exchange.Position) {
		parts, head, err := feed.Since(ctx, room, after)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, b := range parts {
			for p, err := range exchange.Parts(b) {
				if err != nil || string(p.Room) != room || p.First.Epoch != head.Epoch {
					s.t.Fatalf("%+v, %v", p, err)
				}
				for i := range uint64(p.Count) {
					seqs = append(seqs, p.First.Seq+i)
				}
			}
		}
		return seqs, head
	}
	if seqs, head := ask(exchange.Position{}); len(seqs) != 0 || head != (exchange.Position{}) {
		s.t.Errorf("a room without lines: %v, %v", seqs, head)
	}
	s.say(room, numbers(1, 3)...)
	s.sayEach(room, "4", "5")
	seqs, head := ask(exchange.Position{})
	if len(seqs) != 0 || head.Epoch == 0 || head.Seq != 5 {
		s.t.Errorf("after the zero position: %v, %v", seqs, head)
	}
	for after, want := range map[uint64][]uint64{0: {1, 2, 3, 4, 5}, 3: {4, 5}, 5: nil} {
		at := exchange.Position{Epoch: head.Epoch, Seq: after}
		if seqs, now := ask(at); !reflect.DeepEqual(seqs, want) || now != head {
			s.t.Errorf("after %d: %v, %v, want %v, %v", after, seqs, now, want, head)
		}
	}
	if seqs, _ := ask(exchange.Position{Epoch: head.Epoch, Seq: 2}); len(seqs) < 3 || seqs[len(seqs)-1] != 5 {
		s.t.Errorf("after 2: %v, want 3 to 5 at least", seqs)
	}
	if _, now := ask(exchange.Position{Epoch: head.Epoch + 2, Seq: 2}); now != head {
		s.t.Errorf("after another epoch: head %v, want %v", now, head)
	}
	s.Trim(room)
	if seqs, now := ask(exchange.Position{Epoch: head.Epoch}); len(seqs) != 0 || now != head {
		s.t.Errorf("after the stream was forgotten: %v, %v", seqs, now)
	}
}

func publishedAgain(s *site) {
	room := s.room("a")
	e := s.edge().join(room)
	say := func(publisher, number uint64, text string) {
		s.publishAs(exchange.Stamp{Publisher: publisher, Number: number}, room, &chat.Message{Place: chat.Place{Room: room}, Text: text})
	}
	say(1, 10, "1")
	say(1, 12, "2")
	say(2, 5, "3")
	say(1, 10, "1")
	say(1, 12, "2")
	say(1, 13, "4")
	e.expect(room, "1", "2", "3", "4")
	s.Restart()
	say(1, 13, "4")
	say(1, 14, "5")
	e.expect(room, "1", "2", "3", "4", "gap 0", "5")
}

func ready(s *site) {
	room := s.room("a")
	s.say(room, "early")
	e := s.edge()
	e.tap.Lose(true)
	known := make(chan bool, 2)
	e.Join(room, func() { known <- true })
	select {
	case <-known:
	case <-time.After(deadline):
		s.t.Fatal("the position of a room is not known")
	}
	s.sayEach(room, "1", "2")
	e.Join(room, func() { known <- true })
	if len(known) == 0 {
		s.t.Error("a room whose position is known is not ready at once")
	}
	e.tap.Lose(false)
	s.say(room, "3")
	e.expect(room, "1", "2", "3")
}

func asides(s *site) {
	room := s.room("a")
	partition := exchange.PartitionOf(room, s.Partitions)
	teller, hearer, other := s.edge().join(room), s.edge().join(room), s.edge().join(s.elsewhere(room))
	long := strings.Repeat("x", exchange.AsideBytesMax-1)
	s.eventually("asides come", func() bool { // at last: each may be lost
		teller.tap.Tell(partition, exchange.AppendAside(nil, []byte(long+"x")))
		teller.tap.Tell(partition, []byte("no aside"))
		teller.tap.Tell(partition, exchange.AppendAside(nil, []byte(long)))
		teller.tap.Tell(partition, exchange.AppendAside(nil, nil))
		return teller.heard(partition, "") > 0 && hearer.heard(partition, "") > 0 && hearer.heard(partition, long) > 0
	})
	s.say(room, "1")
	hearer.expect(room, "1")
	for i, e := range []*edge{teller, hearer, other} {
		c := e.Counts()
		if c.Unreadable != 0 || e.heard(partition, long+"x") != 0 || (e == other) != (c.Asides == 0) {
			s.t.Errorf("edge %d: %+v", i, c)
		}
	}
}
