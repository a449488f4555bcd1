package uplink

import (
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
)

// clock is a Replier that only notes that answers have come.
type clock struct{ come chan int }

func (c clock) Decided(ds []clue.Decision)                { c.come <- len(ds) }
func (c clock) Admitted(*clue.Admission, []clue.Admitted) { c.come <- 1 }

// BenchmarkDecisionOverLink is one line after the other, from Submit to its answer, by a clue process on this machine.
func BenchmarkDecisionOverLink(b *testing.B) {
	c := clock{make(chan int, 1)}
	a := benchAsker(b, c)
	line := clue.Submission{Room: "room", User: annOf, Text: "a line of an ordinary length, as people say them", Origin: chat.Origin{Conn: 1}}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Submit(line); err != nil {
			b.Fatal(err)
		}
		<-c.come
	}
}

// BenchmarkLinesOverLink is many lines at once: what a line costs both processes together.
func BenchmarkLinesOverLink(b *testing.B) {
	c := clock{make(chan int, 1<<16)}
	a := benchAsker(b, c)
	line := clue.Submission{Room: "room", User: annOf, Text: "a line of an ordinary length, as people say them", Origin: chat.Origin{Conn: 1}}
	under := 0
	b.ReportAllocs()
	for b.Loop() {
		for under >= 1024 {
			under -= <-c.come
		}
		if err := a.Submit(line); err != nil {
			b.Fatal(err)
		}
		under++
	}
	for under > 0 {
		under -= <-c.come
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func benchAsker(b *testing.B, c clock) *asker {
	b.Helper()
	court := sit(b, easy(memory(b)))
	a := askerOf(b, func(cfg *ClueConfig) { cfg.Replier, cfg.Admitter, cfg.AnswerTimeout = c, c, time.Minute }, court.addr)
	return a.linked()
}
