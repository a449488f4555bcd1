package load

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func chorus(t *testing.T, c ChorusConfig) *Chorus {
	t.Helper()
	c.TextBytes = testText
	ch, err := NewChorus(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ch.Close)
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := ch.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	return ch
}

func TestChorusSaysWhatIsDueAndTimesTheAnswers(t *testing.T) {
	var rooms [2]atomic.Int64
	addr := answering(t, func(line string) string {
		for k := range rooms {
			if strings.HasPrefix(line, "PRIVMSG "+RoomName(DefaultRoom, 2, k)+" :") {
				rooms[k].Add(1)
				return ":x USERSTATE #x\r\n"
			}
		}
		return ""
	})
	c := chorus(t, ChorusConfig{Addr: addr, Voices: 4, Rooms: 2})
	for range 2 {
		sung, err := c.Sing(t.Context(), 1000, 99, 100*time.Millisecond)
		if err != nil || sung.Accepted != 100 || sung.Latency.Count() != 100 || sung.Refused+sung.Missing != 0 || sung.Took <= 0 {
			t.Errorf("%+v, %v; want 100 lines accepted", sung, err)
		}
	}
	if rooms[0].Load() != 100 || rooms[1].Load() != 100 {
		t.Errorf("rooms heard %d and %d lines", rooms[0].Load(), rooms[1].Load())
	}
}

func TestChorusKeepsAWindowUnderWay(t *testing.T) {
	var n, most atomic.Int64
	addr := answering(t, func(line string) string {
		if !strings.HasPrefix(line, "PRIVMSG ") {
			return ""
		}
		if most.Store(max(most.Load(), n.Add(1))); n.Load() < 4 {
			return "" // it answers four lines at once, and needs as many to go on
		}
		n.Store(0)
		return strings.Repeat(":x USERSTATE #x\r\n", 4)
	})
	sung, err := chorus(t, ChorusConfig{Addr: addr, Voices: 1}).Sing(t.Context(), 0, 4, 50*time.Millisecond)
	if err != nil || sung.Accepted < 8 || sung.Accepted%4 != 0 || sung.Missing != 0 || most.Load() > 4 {
		t.Errorf("%+v, %v, at most %d under way; want many lines, four at a time", sung, err, most.Load())
	}
}

func TestChorusCountsRefusals(t *testing.T) {
	addr := answering(t, func(line string) string {
		if strings.HasPrefix(line, "PRIVMSG ") {
			return "@msg-id=msg_banned :x NOTICE #bench :You are banned.\r\n"
		}
		return ""
	})
	sung, err := chorus(t, ChorusConfig{Addr: addr, Voices: 2}).Sing(t.Context(), 100, 0, 50*time.Millisecond)
	if err != nil || sung.Refused != 5 || sung.Accepted != 0 || !strings.Contains(sung.First, "banned") {
		t.Errorf("%+v, %v; want 5 refusals", sung, err)
	}
}

func TestChorusStopsWhenItsContextEnds(t *testing.T) {
	c := chorus(t, ChorusConfig{Addr: answering(t, func(string) string { return "" }), Voices: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if sung, err := c.Sing(ctx, 1000, 0, time.Hour); err == nil || sung.Missing == 0 {
		t.Errorf("%+v, %v", sung, err)
	}
}
