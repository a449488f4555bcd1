package store

import "errors"

// ErrUnavailable is, or is wrapped by, the error of a store that cannot be reached in
// time.
var ErrUnavailable = errors.New("store unavailable")

// ErrNotDone is what the error of a call is (errors.Is) that surely was not made: the
// store holds what it held before. Of an error without it, a Change may have been made
// and its answer lost. ErrInvalid, ErrFull and ErrOpen are all ErrNotDone.
var ErrNotDone = errors.New("not done")

// ErrOpen is wrapped, beside ErrUnavailable, by the error of what was not asked because
// the breaker of its server is open: that server has not answered for a while, and is
// left alone for a moment. It costs no wait.
var ErrOpen error = notDone("the breaker is open")

// notDone is an error that is ErrNotDone.
type notDone string

func (e notDone) Error() string { return string(e) }

// Is implements what errors.Is asks for.
func (e notDone) Is(target error) bool { return target == ErrNotDone }
