package load

import (
	"slices"
	"testing"
	"time"
)

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so after 10 s: %s", what)
		}
	}
}

func TestRestlessMembersComeBackAndNameTheirLastLine(t *testing.T) {
	f := startFake(t)
	f.mangle(func(lines []string) []string { return []string{"@id=line7;mod=0 " + lines[0]} })
	s := swarmOf(t, SwarmConfig{Wire: TCP, Addr: f.tcp.Addr().String(), TextBytes: testText, Return: []string{f.tcp.Addr().String()}, Resume: true}, 3)
	if s.Part(0) || s.Leave(0) {
		t.Error("a member left that could not say where it was")
	}
	publish(t, f, 1, 1000)
	until(t, "all have the line", func() bool { return s.Deliveries() == 3 })
	if !s.Part(0) || !s.Leave(1) {
		t.Error("members stayed")
	}
	until(t, "both are back", func() bool { return s.Tally().Away.Count() == 2 })
	f.mu.Lock()
	resumes := slices.Clone(f.mu.resumes)
	f.mu.Unlock()
	if !slices.Equal(resumes, []string{"line7", "line7"}) {
		t.Errorf("they asked for what came after %q", resumes)
	}
	if tally := s.Tally(); tally.EOF+tally.Broken+tally.Refused+tally.Failed != 0 {
		t.Errorf("leaving counts as a fault: %+v", tally)
	}
	if again := s.Part(0); !again {
		t.Error("a member that is back could not leave again")
	}
}

func TestMemberWhomTheServerHasLeaveJoinsAgain(t *testing.T) {
	f := startFake(t)
	s := startSwarm(t, f, WebSocket, 3)
	f.each(func(m *fakeMember) {
		m.send(":x!x@x.tmi.twitch.tv PART #bench", ":tmi.twitch.tv NOTICE #bench :The room cannot be entered now.")
	})
	got := waitFor(t, s, "three on their way back", func(t Tally) bool { return t.Away.Count() == 3 })
	if got.Parted != 3 || got.Rejoined != 0 || got.Ready != 3 || got.Broken+got.Failed != 0 {
		t.Errorf("three members were had leave: %+v", got)
	}
}

func TestPlaceIsKeptWhileAMemberIsAway(t *testing.T) {
	f := startFake(t)
	f.mangle(func(lines []string) []string { return []string{"@id=x " + lines[0]} })
	s := swarmOf(t, SwarmConfig{Wire: TCP, Addr: f.tcp.Addr().String(), TextBytes: testText, Return: []string{f.tcp.Addr().String()}, Resume: true}, 2)
	publish(t, f, 1, 1000)
	until(t, "all have the line", func() bool { return s.Deliveries() == 2 })
	if !s.Leave(0) {
		t.Error("the member stayed")
	}
	until(t, "it is back", func() bool { return s.Tally().Away.Count() == 1 })
	if lost := s.Lost([]uint32{2}); lost != 2 {
		t.Errorf("%d lines lost, want one by each member", lost)
	}
}

func TestDeletionsAreCounted(t *testing.T) {
	f := startFake(t)
	s := startSwarm(t, f, TCP, 2)
	f.each(func(m *fakeMember) {
		m.send(":tmi.twitch.tv CLEARCHAT #bench :rude", "@login=rude;target-msg-id=x :tmi.twitch.tv CLEARMSG #bench :words")
	})
	until(t, "both are counted by both", func() bool { return s.Tally().Cleared == 4 })
}

func TestMembersAreCountedByRoom(t *testing.T) {
	f := startFake(t)
	s := swarmOf(t, SwarmConfig{Wire: TCP, Addr: f.tcp.Addr().String(), TextBytes: testText, Rooms: 3}, 30)
	in := s.MembersIn()
	if len(in) != 3 || in[0]+in[1]+in[2] != 30 || in[0] <= in[1] || in[1] <= in[2] || in[2] == 0 {
		t.Errorf("30 members by Zipf's law: %v", in)
	}
}
