package uplink

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"uproar/core/exchange"
	wire "uproar/proto/link"
)

// Bounds of questions.
const (
	questionsMax   = 4096     // under way; beyond, they fail at once
	answerBytesMax = 64 << 20 // of one answer: a room's lines of some minutes
)

var errAnswer = errors.New("the relay's answer is too long")

// question is one of Since that is under way. It is guarded by its Feed until done has it.
type question struct {
	wire.Since
	found wire.Found // so far
	bytes int        // of its parts
	err   error
	done  chan struct{} // closed with the answer
}

// Since implements exchange.Feed. A question outlives a link that fails: it is asked again of the next relay, until the
// deadline of ctx. So its answer is never older than the call, nor than what any relay has sent before.
func (f *Feed) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	f.meters.sinces.Inc()
	found, err := f.since(ctx, room, after)
	if err != nil {
		f.meters.sincesFailed.Inc()
		return nil, exchange.Position{}, fmt.Errorf("cannot ask a relay what is kept of room %q: %w", room, err)
	}
	return found.Parts, exchange.Position(found.Head), nil
}

func (f *Feed) since(ctx context.Context, room string, after exchange.Position) (*wire.Found, error) {
	q, err := f.begin(room, after)
	if err != nil {
		return nil, err
	}
	select {
	case <-q.done:
		return &q.found, q.err
	case <-ctx.Done():
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.mu.questions, q.ID)
		return nil, ctx.Err()
	}
}

// begin asks a question, or has it asked as soon as there is a link.
func (f *Feed) begin(room string, after exchange.Position) (*question, error) {
	if len(room) > wire.RoomBytesMax {
		return nil, wire.ErrLimit
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.mu.questions) >= questionsMax {
		return nil, exchange.ErrBusy
	}
	for { // an id that is not under way; there are far more
		f.mu.lastID++
		if f.mu.questions[f.mu.lastID] == nil {
			break
		}
	}
	q := &question{Since: wire.Since{ID: f.mu.lastID, Room: room, After: wire.Position(after)}, done: make(chan struct{})}
	f.mu.questions[q.ID] = q
	f.say(q)
	return q, nil
}

// say sends a question, if there is a link. Questions leave a quarter of the queue to what is wanted. f is locked.
func (f *Feed) say(q *question) {
	if f.mu.up == nil {
		return
	}
	frame, err := wire.AppendSince(nil, &q.Since)
	if err == nil {
		err = f.mu.up.write(frame, f.mu.up.cfg.QueueBytesMax/4)
	}
	if err != nil && !errors.Is(err, ErrDown) { // else Down comes, and Up
		f.finish(q, err)
	}
}

// finish ends a question. f is locked.
func (f *Feed) finish(q *question, err error) {
	delete(f.mu.questions, q.ID)
	q.err = err
	close(q.done)
}

// heard takes a piece of an answer. One to a question that was given up is passed over.
func (f *Feed) heard(body []byte) error {
	var piece wire.Found
	if err := wire.ParseFound(bytes.Clone(body), &piece); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	q := f.mu.questions[piece.ID]
	if q == nil {
		return nil
	}
	parts := append(q.found.Parts, piece.Parts...)
	q.found, q.bytes = piece, q.bytes+len(body)
	q.found.Parts = parts
	switch {
	case piece.Error != "":
		f.finish(q, errors.New(piece.Error))
	case q.bytes > answerBytesMax:
		f.finish(q, errAnswer)
	case !piece.More:
		f.finish(q, nil)
	}
	return nil
}
