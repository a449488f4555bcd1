package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTerminalHasOneLineWithTheTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := startProgress(&out, true)
		p.left(100 * time.Second)
		p.say("fanout: %s", "uproar")
		time.Sleep(25*time.Second + time.Millisecond)
		synctest.Wait()
		p.stop()
		if strings.Contains(out.String(), "\n") {
			t.Errorf("more than one line: %q", out.String())
		}
		lines := strings.Split(out.String(), clearLine)
		if got := lines[len(lines)-1]; got != "" {
			t.Errorf("the end leaves %q", got)
		}
		if want := "[#####---------------]  25 %  1:15 left  fanout: uproar"; lines[len(lines)-2] != want {
			t.Errorf("after 25 s of 100: %q, want %q", lines[len(lines)-2], want)
		}
	})
}

func TestProgressLateAndLongStaysInTheLine(t *testing.T) {
	var p progress
	p.mu.began, p.mu.what = time.Now(), strings.Repeat("ü", 200)
	p.mu.end = p.mu.began.Add(time.Second)
	line := p.line(p.mu.began.Add(time.Minute), 80)
	if n := len([]rune(line)); n != 79 || !strings.Contains(line, "100 %  0:00 left") {
		t.Errorf("%d characters: %q", n, line)
	}
}

func TestElsewhereEachThingIsALine(t *testing.T) {
	var out strings.Builder
	p := startProgress(&out, false)
	p.left(time.Minute)
	p.say("one")
	p.say("two\nlines")
	p.stop()
	if out.String() != "one\ntwo lines\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestFindingStandsAboveTheTerminalsLine(t *testing.T) {
	var out strings.Builder
	p := startProgress(&out, true)
	p.say("one")
	if _, err := p.above(&out).Write([]byte("found\n")); err != nil {
		t.Fatal(err)
	}
	p.stop()
	if want := clearLine + "one" + clearLine + "found\n" + clearLine; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
