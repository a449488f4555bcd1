package scenario

import (
	"testing"
	"time"

	"uproar/bench/load"
)

// goodStall is a stop that nobody noticed more of than must be.
func goodStall() *ClueStallResult {
	r := &ClueStallResult{Bounds: *ClueStall.New().(*ClueStallConfig), Senders: 200, Exchange: 150, RSSMax: 40 << 20, Faults: Faults{Orders: 1},
		Felt: map[string]float64{"uproar_clue_unavailable_total": 9, "uproar_exchange_away_total": 1}}
	for _, name := range []string{"before", "during", "after"} {
		r.Phases = append(r.Phases, StallPhase{Name: name, Seconds: 1, Deliveries: 9, Max: 400, Quiet: 100, Answer: 400, Pings: 9, Ping: 20, RSS: 30 << 20,
			Lines: map[string]int64{kindMember: 9, kindStranger: 9, kindModerator: 9}, Refused: map[string]int64{}})
	}
	r.Phases[1].Refused[kindStranger] = 9
	return r
}

func TestStallIsJudgedByItsBounds(t *testing.T) {
	if err := goodStall().Check(); err != nil {
		t.Errorf("a good run: %v", err)
	}
	for name, spoil := range map[string]func(r *ClueStallResult){
		"a late answer":             func(r *ClueStallResult) { r.Phases[1].Answer = 471 },
		"no answer":                 func(r *ClueStallResult) { r.Phases[1].Unanswered = 1 },
		"a member refused":          func(r *ClueStallResult) { r.Phases[1].Refused[kindMember] = 1 },
		"refused before":            func(r *ClueStallResult) { r.Phases[0].Refused[kindStranger] = 1 },
		"a loop that stalls":        func(r *ClueStallResult) { r.Phases[1].Ping = 101 },
		"deliveries that stop":      func(r *ClueStallResult) { r.Phases[1].Quiet = 900 },
		"no deliveries":             func(r *ClueStallResult) { r.Phases[1].Deliveries = 0 },
		"a late delivery":           func(r *ClueStallResult) { r.Phases[2].Max = 900 },
		"senders refused for long":  func(r *ClueStallResult) { r.Senders = 1001 },
		"lines away for long":       func(r *ClueStallResult) { r.Exchange = 1001 },
		"lines away for ever":       func(r *ClueStallResult) { r.Exchange = -1 },
		"growth":                    func(r *ClueStallResult) { r.RSSMax = 95 << 20 },
		"a line lost":               func(r *ClueStallResult) { r.Faults.Lost = 1 },
		"a gap where nothing is":    func(r *ClueStallResult) { r.Faults.Told = 1 },
		"a store that was not away": func(r *ClueStallResult) { r.Felt["uproar_clue_unavailable_total"] = 0 },
		"a run cut short":           func(r *ClueStallResult) { r.Phases = r.Phases[:2] },
	} {
		r := goodStall()
		if spoil(r); r.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestSendersAreBackWhenNobodyIsRefusedAnyMore(t *testing.T) {
	const ms = int64(time.Millisecond)
	line := func(kind string, sent, at int64, told string) said {
		return said{kind, load.Answer{Sent: sent * ms, At: at * ms, Told: told}}
	}
	all := []said{
		line(kindStranger, 50, 90, "msg_unavailable"),
		line(kindStranger, 110, 120, ""), // but then another is refused
		line(kindStranger, 150, 160, "msg_unavailable"),
		line(kindStranger, 200, 210, ""),
		line(kindModerator, 300, 330, "ban_success"),
		line(kindMember, 101, 102, ""),
		line(kindMember, 201, 202, ""),
	}
	if took := sendersBack(all, 100*ms); took != 230*time.Millisecond {
		t.Errorf("back after %v, want 230 ms: when the moderator was", took)
	}
	if took := sendersBack(all[:3], 100*ms); took < never {
		t.Errorf("back after %v, want never", took)
	}
	if took := sendersBack(all, 10*ms); took != 320*time.Millisecond {
		t.Errorf("back after %v since the first refusal, want 320 ms", took)
	}
}

// goodMix is a day on which all went well.
func goodMix() *MixedResult {
	r := &MixedResult{GrowthMax: 10, RSS: 10, Moderation: Moderation{Commands: 4, Silenced: 2}, Returns: Returns{Parted: 1, Left: 2, Back: 3}}
	for _, k := range kinds {
		r.Kinds = append(r.Kinds, MixedKind{Name: k.name, Members: 2, Pinged: 2, Cleared: 6, ClearedAll: 6, Faults: Faults{Orders: 1}})
	}
	slow := &r.Kinds[len(kinds)-1]
	slow.Cleared, slow.Fate = 4, load.Fate{Ready: true, Lost: 7, Told: 9}
	return r
}

func TestMixIsJudgedByWhatEachKindSaw(t *testing.T) {
	if err := goodMix().Check(); err != nil {
		t.Errorf("a good day: %v", err)
	}
	for name, spoil := range map[string]func(r *MixedResult){
		"a line lost":                func(r *MixedResult) { r.Kinds[2].Faults.Lost = 1 },
		"a ban that was not shown":   func(r *MixedResult) { r.Kinds[1].Cleared = 5 },
		"an idle member unasked":     func(r *MixedResult) { r.Kinds[len(kinds)-2].Pinged = 1 },
		"a slow member in the dark":  func(r *MixedResult) { r.Kinds[len(kinds)-1].Fate.Told = 8 },
		"a member that stayed away":  func(r *MixedResult) { r.Returns.Back = 2 },
		"a member that was refused":  func(r *MixedResult) { r.Returns.Refused = 1 },
		"a command that failed":      func(r *MixedResult) { r.Moderation.Failed = 1 },
		"a banned line that slipped": func(r *MixedResult) { r.Moderation.Slipped = 1 },
		"no ban that bit":            func(r *MixedResult) { r.Moderation.Silenced = 0 },
		"a line refused":             func(r *MixedResult) { r.Refused = 1 },
		"growth":                     func(r *MixedResult) { r.RSS = 21 },
	} {
		r := goodMix()
		if spoil(r); r.Check() == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestClueIsJudgedByItsRoundTrips(t *testing.T) {
	for r, want := range map[*ClueResult]bool{
		{Runs: []ClueRun{{Trips: 1}}}:             true,
		{Runs: []ClueRun{{Trips: 1.2}}}:           false,
		{Runs: []ClueRun{{Trips: 1, Refused: 1}}}: false,
		{Runs: []ClueRun{{Trips: 1, Missing: 1}}}: false,
	} {
		if got := r.Check() == nil; got != want {
			t.Errorf("%+v passes: %v", r.Runs, got)
		}
	}
}

func TestChatLeavesOutWhatItHasMissed(t *testing.T) {
	c := newChat("", 1, 32)
	start := load.Now()
	var dues []int64
	c.regularly(start, 10*time.Millisecond, func(due int64) {
		if dues = append(dues, due); len(dues) == 1 {
			for load.Now() < start+int64(35*time.Millisecond) { // it takes too long
				time.Sleep(time.Millisecond)
			}
			return
		}
		c.end()
	})
	if len(dues) != 2 || dues[0] != start || (dues[1]-start)%int64(10*time.Millisecond) != 0 || dues[1] < start+int64(30*time.Millisecond) {
		t.Errorf("due at %v after %d, want the second in step, and not late", dues, start)
	}
}
