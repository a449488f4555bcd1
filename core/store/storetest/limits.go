package storetest

import (
	"fmt"
	"time"

	"uproar/core/store"
)

func windowOfN(h *house) {
	limit := store.Limit{Name: "chat", N: 3, Per: time.Hour}
	for i := range 6 {
		if got := h.draw("r", "a", limit).Left; got != (i < 3) {
			h.t.Fatalf("draw %d of 3: left %v", i+1, got)
		}
	}
	if !h.draw("r", "b", limit).Left {
		h.t.Error("another account has none left")
	}
	if !h.draw("r", "a").Left {
		h.t.Error("a draw without limits has none left")
	}
}

func windowRefills(h *house) {
	limit := store.Limit{Name: "chat", N: 2, Per: window}
	before := time.Now()
	first := h.draw("r", "a", limit).Left
	opened := time.Now()
	second := h.draw("r", "a", limit).Left
	spent := h.draw("r", "a", limit).Left
	if !first || !second || spent && time.Since(before) < window-tolerance {
		h.t.Fatalf("left %v %v %v, want two of two", first, second, spent)
	}
	// Draws that are refused do not hold the window open.
	h.eventually("the window refills", func() bool {
		left := h.draw("r", "a", limit).Left
		if left && !spent && time.Since(before) < window-tolerance {
			h.t.Fatalf("refilled %v after the first draw, want %v", time.Since(before), window)
		}
		return left
	})
	if late := time.Since(opened); late > window+deadline/2 {
		h.t.Errorf("refilled %v after the first draw, want %v", late, window)
	}
}

func allOrNothing(h *house) {
	few := store.Limit{Name: "few", N: 1, Per: time.Hour}
	many := store.Limit{Name: "many", N: 4, Per: time.Hour}
	for i, step := range []struct {
		limits []store.Limit
		want   bool
	}{
		{[]store.Limit{few, many}, true},  // many: 3 left
		{[]store.Limit{few, many}, false}, // takes none of many
		{[]store.Limit{many, few}, false},
		{[]store.Limit{many}, true},
		{[]store.Limit{many}, true},
		{[]store.Limit{many}, true},
		{[]store.Limit{many}, false},
		{[]store.Limit{few}, false},
	} {
		if got := h.draw("r", "a", step.limits...).Left; got != step.want {
			h.t.Fatalf("step %d: left %v, want %v", i, got, step.want)
		}
	}
	// An empty bucket that comes last gives back what the first has given.
	one := store.Limit{Name: "one", N: 1, Per: time.Hour}
	if h.draw("r", "a", one, few).Left {
		h.t.Fatal("left, but few is empty")
	}
	if !h.draw("r", "a", one).Left {
		h.t.Fatal("a refused draw has taken a line")
	}
}

func bucketsByName(h *house) {
	chat := store.Limit{Name: "chat", N: 1, Per: time.Hour}
	join := store.Limit{Name: "join", N: 1, Per: time.Hour}
	if !h.draw("r", "a", chat).Left {
		h.t.Fatal("the first line is refused")
	}
	if h.draw("other", "a", chat).Left {
		h.t.Error("another room has a bucket of its own")
	}
	if !h.draw("other", "a", join).Left {
		h.t.Error("another name shares the bucket")
	}
}

func drawsOfOneBatch(h *house) {
	limit := store.Limit{Name: "chat", N: 2, Per: time.Hour}
	var b store.Batch
	for i := range 4 {
		for _, login := range []string{"a", "b"} {
			b.Draws = append(b.Draws, store.Draw{Room: h.name(fmt.Sprint("r", i)), Login: h.name(login), Limits: []store.Limit{limit}})
		}
	}
	h.fetch(&b)
	left := map[string]int{}
	for i := range b.Draws {
		if b.Draws[i].Left {
			left[b.Draws[i].Login]++
		}
	}
	if left[h.name("a")] != 2 || left[h.name("b")] != 2 {
		h.t.Errorf("left %v, want 2 of 4 for each", left)
	}
}

// say tells of one accepted line.
func (h *house) say(sp store.Spoken) {
	h.t.Helper()
	sp.Room, sp.Login = h.name(sp.Room), h.name(sp.Login)
	h.fetch(&store.Batch{Spoken: []store.Spoken{sp}})
}

// ask draws without limits.
func (h *house) ask(room, login string, text uint64, unique bool) store.Draw {
	h.t.Helper()
	b := store.Batch{Draws: []store.Draw{{Room: h.name(room), Login: h.name(login), Text: text, Unique: unique}}}
	h.fetch(&b)
	return b.Draws[0]
}

func lastLine(h *house) {
	if d := h.ask("r", "a", 7, false); d.Since >= 0 || d.Same {
		h.t.Fatalf("before any line: %+v", d)
	}
	before := time.Now()
	h.say(store.Spoken{Room: "r", Login: "a", Text: 7})
	after := time.Now()
	h.eventually("Since grows", func() bool {
		early := time.Since(after)
		d := h.ask("r", "a", 7, false)
		late := time.Since(before)
		if d.Since < early-tolerance || d.Since > late+tolerance || d.Since < 0 || !d.Same {
			h.t.Fatalf("%+v, want Same, Since %v to %v", d, early, late)
		}
		return d.Since > 2*tolerance
	})
	if d := h.ask("r", "a", 8, false); d.Same || d.Since < 0 {
		h.t.Errorf("another text: %+v", d)
	}
	if room, login := h.ask("other", "a", 7, false), h.ask("r", "b", 7, false); room.Since >= 0 || room.Same || login.Since >= 0 || login.Same {
		h.t.Errorf("another room: %+v, another account: %+v", room, login)
	}
	said := time.Now()
	h.say(store.Spoken{Room: "r", Login: "a", Text: ^uint64(0)})
	if d := h.ask("r", "a", ^uint64(0), false); !d.Same || d.Since > time.Since(said)+tolerance {
		h.t.Errorf("after a second line: %+v", d)
	}
	if d := h.ask("r", "a", 7, false); d.Same {
		h.t.Errorf("Same as the line before the last: %+v", d)
	}
}

func spokenAgo(h *house) {
	said := time.Now().Add(-time.Minute)
	h.say(store.Spoken{Room: "r", Login: "a", Text: 1, Unique: true, Ago: time.Since(said)})
	if d := h.ask("r", "a", 1, true); (d.Since-time.Since(said)).Abs() > tolerance+deadline/10 || !d.Same || !d.Seen {
		h.t.Errorf("a line of a minute ago: %+v", d)
	}
	h.say(store.Spoken{Room: "r", Login: "a", Text: 2})
	if d := h.ask("r", "a", 2, false); d.Since > deadline || !d.Same {
		h.t.Errorf("a line of now: %+v", d)
	}
	h.say(store.Spoken{Room: "old", Login: "a", Text: 3, Unique: true, Ago: store.SpokenFor + time.Second})
	if d := h.ask("old", "a", 3, true); d.Since >= 0 || d.Same || d.Seen {
		h.t.Errorf("a line of more than %v ago: %+v", store.SpokenFor, d)
	}
}

func spokenFirst(h *house) {
	a, b := h.name("a"), h.name("b")
	room := h.name("r")
	batch := store.Batch{
		Spoken: []store.Spoken{{Room: room, Login: a, Text: 1}, {Room: room, Login: a, Text: 2, Unique: true}},
		Draws:  []store.Draw{{Room: room, Login: a, Text: 2}, {Room: room, Login: b, Text: 2, Unique: true}},
	}
	h.fetch(&batch)
	if d := batch.Draws[0]; d.Since < 0 || !d.Same {
		h.t.Errorf("the line of its batch is not known: %+v", d)
	}
	if d := batch.Draws[1]; !d.Seen || d.Since >= 0 {
		h.t.Errorf("the text of its batch is not known: %+v", d)
	}
}

func seen(h *house) {
	h.say(store.Spoken{Room: "r", Login: "a", Text: 1, Unique: true})
	h.say(store.Spoken{Room: "r", Login: "a", Text: 2})
	for _, c := range []struct {
		what   string
		room   string
		text   uint64
		unique bool
		want   bool
	}{
		{"said in the room", "r", 1, true, true},
		{"not asked", "r", 1, false, false},
		{"not to be remembered", "r", 2, true, false},
		{"never said", "r", 3, true, false},
		{"said elsewhere", "other", 1, true, false},
	} {
		if d := h.ask(c.room, "b", c.text, c.unique); d.Seen != c.want {
			h.t.Errorf("%s: %+v, want Seen %v", c.what, d, c.want)
		}
	}
}

func firstLine(h *house) {
	h.change(h.memberKey("r", "a"), store.Change{Grant: 1})
	h.say(store.Spoken{Room: "r", Login: "c"})
	h.say(store.Spoken{Room: "r", Login: "a", Mark: true})
	h.say(store.Spoken{Room: "r", Login: "b", Mark: true})
	spoken := func(room, login string) bool { return !h.member(room, login).First.IsZero() }
	h.eventually("both have spoken", func() bool { return spoken("r", "a") && spoken("r", "b") })
	if spoken("r", "c") || spoken("other", "a") {
		h.t.Error("spoken without a line that is marked")
	}
	h.change(h.memberKey("r", "b"), store.Change{Ban: &store.Ban{}})
	h.change(h.memberKey("r", "b"), store.Change{Unban: true})
	a, b := h.member("r", "a"), h.member("r", "b")
	if a != (store.Member{Roles: 1, First: a.First, Last: a.Last}) || b != (store.Member{First: b.First, Last: b.Last}) || b.First.IsZero() {
		h.t.Errorf("%+v, %+v", a, b)
	}
}

// firstAndLast has a member speak on three days, of which the store hears out of order.
func firstAndLast(h *house) {
	const day = 24 * time.Hour
	before := time.Now()
	for _, days := range []time.Duration{2, 3, 1, 2} {
		h.say(store.Spoken{Room: "r", Login: "a", Mark: true, Ago: days * day})
	}
	near := func(at time.Time, ago time.Duration) bool {
		return at.Sub(before.Add(-ago)).Abs() < deadline+store.MarkEvery
	}
	h.eventually("the earliest and the latest line are known", func() bool {
		m := h.member("r", "a")
		return near(m.First, 3*day) && near(m.Last, day)
	})
	h.change(h.memberKey("r", "a"), store.Change{Grant: 1})
	if m := h.member("r", "a"); !near(m.First, 3*day) || !near(m.Last, day) || m.Roles != 1 {
		h.t.Errorf("with a role: %+v", m)
	}
}
