package main

import (
	"slices"

	"github.com/VictoriaMetrics/metrics"

	vocabulary "uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/chat"
	"uproar/edge/link"
)

// way closes the circle of a line: session -> clue -> exchange -> hub -> session. Clue and
// the exchange are made before the hub that they answer to. Its fields do not change once
// the process runs; its methods are called from any goroutine.
type way struct {
	edge      uint64           // id of the process
	clue      chat.Clue        // what sessions ask
	publisher clue.Publisher   // of a process with the role clue
	hub       *chat.Hub        // nil without the role edge
	below     *link.Clue       // answers other edges; nil where there are none
	lost      *metrics.Counter // whispers and notices that nobody was told
}

// deliver is the exchange's.
func (w *way) deliver(room string, events []vocabulary.Event) { w.hub.Deliver(room, events) }

// gap is the exchange's.
func (w *way) gap(room string, missed uint64) { w.hub.Gap(room, missed) }

// late is the exchange's.
func (w *way) late(room string, events []vocabulary.Event) { w.hub.Late(room, events) }

// Decided implements clue.Replier.
func (w *way) Decided(ds []clue.Decision) {
	foreign := func(d clue.Decision) bool { return d.Origin.Edge != w.edge }
	switch {
	case w.below == nil:
		w.hub.Decided(ds)
	case w.hub == nil:
		w.below.Decided(ds)
	case !slices.ContainsFunc(ds, foreign):
		w.hub.Decided(ds)
	default:
		var own, others []clue.Decision
		for _, d := range ds {
			if foreign(d) {
				others = append(others, d)
			} else {
				own = append(own, d)
			}
		}
		w.hub.Decided(own)
		w.below.Decided(others)
	}
}

// Admitted implements clue.Admitter.
func (w *way) Admitted(a *clue.Admission, as []clue.Admitted) {
	if a.Origin.Edge == w.edge {
		w.hub.Admitted(a, as)
	} else {
		w.below.Admitted(a, as)
	}
}

// Whisper implements clue.Messenger.
func (w *way) Whisper(to string, whisper *vocabulary.Whisper) {
	whisper.To = to
	w.everywhere(whisper)
}

// notifiedMax is how many users one event is for.
const notifiedMax = 1024

// Notify implements clue.Messenger.
func (w *way) Notify(logins []string, room string, n vocabulary.Notice) {
	for part := range slices.Chunk(logins, notifiedMax) {
		w.everywhere(&vocabulary.Notify{Logins: part, About: room, Notice: n})
	}
}

// everywhere publishes an event for users wherever they are. One that cannot be published
// is lost, and counted.
func (w *way) everywhere(e vocabulary.Event) {
	e.Where().Room = vocabulary.Everywhere
	err := w.publisher.Publish(vocabulary.Everywhere, []vocabulary.Event{e}, func(err error) {
		if err != nil {
			w.lost.Inc()
		}
	})
	if err != nil {
		w.lost.Inc()
	}
}

// heard is a line that other processes may have decided.
func (w *way) heard(room, id string) *vocabulary.Message { return w.hub.Line(room, id) }

// viewers counts the members of a room; a process without sockets knows of none.
func (w *way) viewers(room string) int {
	if w.hub == nil {
		return 0
	}
	return w.hub.Viewers(room)
}
