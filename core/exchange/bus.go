package exchange

import "errors"

// Errors of Bus.Publish and Sender.Publish, and of what is called when the answer is
// there.
var (
	// ErrBusy: too much waits. Nothing was published.
	ErrBusy = errors.New("the exchange is busy")
	// ErrUnavailable: the lines were not sent in time. They are not, and will not be, published.
	ErrUnavailable = errors.New("the exchange is unavailable")
	// ErrUnsure: the lines may be published, or may be yet: the server did not say.
	ErrUnsure = errors.New("the exchange did not answer")
	// ErrClosed: the publisher takes no more lines.
	ErrClosed = errors.New("the exchange is closed")
	// ErrTooLong: one body, or what it counts, is more than can be published at once.
	ErrTooLong = errors.New("too long for the exchange")
)

// Lines are events of one room that are published together, in order.
type Lines struct {
	Room  string
	Body  []byte // of AppendBody; never changed again once published
	Count int    // of events in Body: 1 to EventsMax
	// Done is called exactly once for lines that Publish took, perhaps before it returns:
	// with nil when they are in the room's stream, and else with an error that wraps
	// ErrUnavailable, ErrUnsure or ErrClosed. It must not block.
	Done func(error)
	// Recalled, unless nil, may be called until Done is, by any goroutine, and says whether
	// lines that are not yet sent are to be answered with ErrUnavailable instead.
	Recalled func() bool
}

// Bus publishes lines in every process that wants their partition. Any goroutine may
// call it.
type Bus interface {
	// Publish takes lines, which come in the order of the calls for one room. It never
	// blocks. An error means that it did not take them: ErrBusy when too much waits in the
	// room's partition, ErrClosed, ErrTooLong.
	Publish(l *Lines) error
}
