package uplink

// Sizes of a ring, in questions.
const (
	ringMin     = 64
	ringKeptMax = 4096 // that an empty one keeps room for
)

// pending is questions that have no answer yet, oldest first; a ticket is a place in it. Those that have been sent come
// before those that have not.
type pending[T any] struct {
	cells            []cell[T] // length is a power of two, or 0
	head, sent, next uint32    // tickets: of the oldest, of the first that is not sent, of the next
}

type cell[T any] struct {
	value T
	held  bool
}

// add puts a question in, unless the ring would span more than spanMax.
func (r *pending[T]) add(v *T, spanMax int) bool {
	n := int(r.next - r.head)
	if n >= spanMax {
		return false
	}
	if n == len(r.cells) {
		r.grow()
	}
	*r.at(r.next) = cell[T]{*v, true}
	r.next++
	return true
}

// get is the question of a ticket, or nil when it has its answer.
func (r *pending[T]) get(ticket uint32) *T {
	if ticket-r.head >= r.next-r.head || !r.at(ticket).held {
		return nil
	}
	return &r.at(ticket).value
}

// remove forgets a question that get has found.
func (r *pending[T]) remove(ticket uint32) {
	*r.at(ticket) = cell[T]{}
	for r.head != r.next && !r.at(r.head).held {
		r.head++
	}
	if int32(r.sent-r.head) < 0 {
		r.sent = r.head
	}
	if r.head == r.next && len(r.cells) > ringKeptMax {
		r.cells = nil
	}
}

// send calls yield for up to n of those that are not sent, which they are from now on.
func (r *pending[T]) send(n int, yield func(ticket uint32, v *T)) {
	for ; n > 0 && r.sent != r.next; r.sent++ {
		if v := r.get(r.sent); v != nil {
			yield(r.sent, v)
			n--
		}
	}
}

// all calls yield for all questions, and forgets them.
func (r *pending[T]) all(yield func(v *T, sent bool)) {
	for t := r.head; t != r.next; t++ {
		if v := r.get(t); v != nil {
			yield(v, int32(t-r.sent) < 0)
		}
	}
	*r = pending[T]{head: r.next, sent: r.next, next: r.next} // no ticket comes twice
}

func (r *pending[T]) at(ticket uint32) *cell[T] { return &r.cells[ticket&uint32(len(r.cells)-1)] }

func (r *pending[T]) grow() {
	old := *r
	r.cells = make([]cell[T], max(ringMin, 2*len(r.cells)))
	for t := old.head; t != old.next; t++ {
		*r.at(t) = *old.at(t)
	}
}
