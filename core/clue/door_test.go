package clue

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// lobby takes admissions.
type lobby struct {
	mu struct {
		sync.Mutex
		origins []chat.Origin
		answers [][]Admitted
	}
}

func (l *lobby) Admitted(a *Admission, as []Admitted) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.origins, l.mu.answers = append(l.mu.origins, a.Origin), append(l.mu.answers, as)
}

// atDoor runs do with a Clue whose lobby is at hand.
func atDoor(t *testing.T, with func(*Config), do func(c *Clue, st *faulty, l *lobby)) {
	synctest.Test(t, func(t *testing.T) {
		st, l, out := newFaulty(t), &lobby{}, newStage()
		cfg := free()
		cfg.Store, cfg.Admitter = st, l
		if with != nil {
			with(&cfg)
		}
		c := New(cfg, out, out)
		stop := start(c)
		defer stop()
		synctest.Wait() // the watch has begun
		do(c, st, l)
	})
}

func TestAdmissionIsAnsweredInOrderThenAtOnce(t *testing.T) {
	atDoor(t, nil, func(c *Clue, st *faulty, l *lobby) {
		yes := true
		color := "#123456"
		st.change(t, memberKey("mine", "ann"), store.Change{Grant: chat.VIP})
		st.change(t, memberKey("not", "ann"), store.Change{Ban: &store.Ban{}})
		st.change(t, memberKey("soon", "ann"), store.Change{Ban: &store.Ban{Until: time.Now().Add(time.Hour)}})
		st.change(t, roomKey("gone"), store.Change{Suspended: &yes})
		st.change(t, roomKey("mine"), store.Change{Mode: &store.ModeValue{Mode: chat.ModeSlow, Modes: chat.Modes{Slow: time.Minute}}})
		st.change(t, accountKey("ann"), store.Change{Color: &color})
		synctest.Wait()
		a := Admission{User: user("ann"), Rooms: []string{"mine", "not", "soon", "gone", "ann"}, Origin: chat.Origin{Conn: 7}}
		if as, now := c.Admit(a); now {
			t.Fatalf("answered %v from an empty cache", as)
		}
		synctest.Wait()
		if len(l.mu.answers) != 1 || l.mu.origins[0].Conn != 7 {
			t.Fatalf("%d answers", len(l.mu.answers))
		}
		again, now := c.Admit(a)
		if !now {
			t.Fatal("the cache knows all and was not asked")
		}
		for _, as := range [][]Admitted{l.mu.answers[0], again} {
			if len(as) != 5 || as[0].Room != "mine" || as[0].Rejection != nil || as[0].Roles != chat.VIP ||
				as[0].Modes.Slow != time.Minute || as[0].User.Color != color {
				t.Fatalf("got %+v", as)
			}
			for i, id := range []string{"", "msg_banned", "", "msg_channel_suspended", ""} {
				if r := as[i].Rejection; (r == nil) != (id == "") || r != nil && r.MsgID != id {
					t.Errorf("%s: got %v, want %q", as[i].Room, r, id)
				}
			}
			if as[4].Roles != chat.Broadcaster {
				t.Errorf("roles in the own room: %b", as[4].Roles)
			}
		}
	})
}

func TestAdmissionBehindAnotherKeepsTheOrder(t *testing.T) {
	atDoor(t, nil, func(c *Clue, _ *faulty, l *lobby) {
		ann := user("ann")
		c.Admit(Admission{User: ann, Rooms: []string{"known"}, Origin: chat.Origin{Conn: 1}})
		synctest.Wait()
		c.Admit(Admission{User: ann, Rooms: []string{"unknown"}, Origin: chat.Origin{Conn: 1}})
		if _, now := c.Admit(Admission{User: ann, Rooms: []string{"known"}, Origin: chat.Origin{Conn: 1}, Behind: true}); now {
			t.Fatal("overtook the one before")
		}
		synctest.Wait()
		var rooms []string
		for _, as := range l.mu.answers {
			rooms = append(rooms, as[0].Room)
		}
		if !slices.Equal(rooms, []string{"known", "unknown", "known"}) {
			t.Fatalf("answered %v", rooms)
		}
	})
}

func TestRoomThatNobodyCreatedIsMissing(t *testing.T) {
	atDoor(t, func(c *Config) { c.RoomsCreated = true }, func(c *Clue, st *faulty, l *lobby) {
		yes := true
		st.change(t, roomKey("made"), store.Change{Created: &yes})
		synctest.Wait()
		c.Admit(Admission{User: user("ann"), Rooms: []string{"made", "room"}})
		synctest.Wait()
		if as := l.mu.answers[0]; as[0].Missing || !as[1].Missing || as[1].Rejection != nil {
			t.Fatalf("got %+v", as)
		}
	})
}

func TestDoorWhileTheStoreIsAway(t *testing.T) {
	atDoor(t, nil, func(c *Clue, st *faulty, l *lobby) {
		c.Admit(Admission{User: user("ann"), Rooms: []string{"room"}})
		synctest.Wait()
		st.set(faults{down: true})
		time.Sleep(10 * time.Minute)
		anonymous := &chat.User{Login: "justinfan1", Anonymous: true}
		c.Admit(Admission{User: user("ann"), Rooms: []string{"room"}})
		c.Admit(Admission{User: user("new"), Rooms: []string{"room"}})
		c.Admit(Admission{User: anonymous, Rooms: []string{"elsewhere"}})
		synctest.Wait()
		var got []*chat.Notice
		for _, as := range l.mu.answers[1:] {
			got = append(got, as[0].Rejection)
		}
		if !slices.Equal(got, []*chat.Notice{nil, RejectEntry, nil}) {
			t.Fatalf("got %v: known people and readers enter, strangers do not", got)
		}
	})
}

func TestTooManyAdmissionsAreTurnedAwayAtOnce(t *testing.T) {
	atDoor(t, func(c *Config) { c.AdmissionsMax = 8 }, func(c *Clue, st *faulty, l *lobby) {
		st.set(faults{hangs: true})
		turned := 0
		for range 20 {
			if as, now := c.Admit(Admission{User: user("ann"), Rooms: []string{"room"}, Origin: chat.Origin{Conn: 2}}); now {
				if as[0].Rejection != RejectEntry {
					t.Fatalf("got %+v", as[0])
				}
				turned++
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if turned == 0 || turned+len(l.mu.answers) != 20 {
			t.Fatalf("%d turned away, %d answered of 20", turned, len(l.mu.answers))
		}
	})
}

func TestJoinLimitOfVerifiedAccounts(t *testing.T) {
	atDoor(t, func(c *Config) { c.JoinLimit, c.JoinLimitVerified = Rate{1, time.Minute}, Rate{3, time.Minute} }, func(c *Clue, st *faulty, l *lobby) {
		yes := true
		st.change(t, accountKey("bot"), store.Change{Verified: &yes})
		synctest.Wait()
		c.Admit(Admission{User: user("bot"), Rooms: []string{"room"}})
		synctest.Wait()
		for i, want := range []bool{true, true, true, false} {
			if got := c.MayJoin("bot"); got != want {
				t.Fatalf("room %d of a verified account: %v", i+1, got)
			}
		}
		if !c.MayJoin("ann") || c.MayJoin("ann") {
			t.Fatal("others may join 1")
		}
	})
}

func TestLoginLimit(t *testing.T) {
	atDoor(t, func(c *Config) { c.AuthLimit, c.AuthLimitVerified = Rate{1, time.Minute}, Rate{2, time.Minute} }, func(c *Clue, st *faulty, l *lobby) {
		yes := true
		st.change(t, accountKey("bot"), store.Change{Verified: &yes})
		synctest.Wait()
		c.Admit(Admission{User: user("bot"), Rooms: []string{"room"}})
		synctest.Wait()
		for i, want := range []bool{true, true, false} {
			if got := c.MayLogin("bot"); got != want {
				t.Fatalf("login %d of a verified account: %v", i+1, got)
			}
		}
		if !c.MayLogin("ann") || c.MayLogin("ann") || !c.MayJoin("ann") {
			t.Fatal("others may once, and joining is another limit")
		}
		time.Sleep(time.Minute)
		if !c.MayLogin("ann") {
			t.Fatal("the limit outlives its window")
		}
	})
}

func TestAnswerHoldsUntilItsRecordsChange(t *testing.T) {
	atDoor(t, nil, func(c *Clue, st *faulty, l *lobby) {
		ask := func() *Admitted {
			a := Admission{User: user("ann"), Rooms: []string{"room"}, Again: true}
			as, now := c.Admit(a)
			if !now {
				synctest.Wait()
				as = l.mu.answers[len(l.mu.answers)-1]
			}
			if !as[0].Again {
				t.Fatalf("got %+v, want the answer to tell that it was asked again", as[0])
			}
			return &as[0]
		}
		for what, change := range map[string]func(){
			"a mode": func() {
				st.change(t, roomKey("room"), store.Change{Mode: &store.ModeValue{Mode: chat.ModeUnique, Modes: chat.Modes{Unique: true}}})
			},
			"a ban": func() { st.change(t, memberKey("room", "ann"), store.Change{Ban: &store.Ban{}}) },
		} {
			late, soon := ask(), ask() // the first may be from the store, the second is from the cache
			if !c.Holds(late) || !c.Holds(soon) {
				t.Fatalf("%s: an answer does not hold and nothing has changed", what)
			}
			change()
			synctest.Wait()
			if c.Holds(late) || c.Holds(soon) {
				t.Errorf("%s has overtaken an answer and it holds", what)
			}
		}
	})
}
