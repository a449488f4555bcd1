package gate

import "context"

// sides of a round. Base runs twice, as two processes: how much it differs from itself
// is the noise that head has to stand out from.
const (
	base = iota
	again
	head
	sides
)

// orders in which the sides take turns: A B C C B A, and rotated, so that each side is
// as often early as late.
var orders = [...][sides]int{{base, head, again}, {again, head, base}, {head, again, base}, {base, again, head}, {again, base, head}, {head, base, again}}

// round is what one round measured: for each of a workload's series, a figure by side.
type round [][sides]float64

// runRound does the work once with each side, all at the same time, slice by slice.
func runRound(ctx context.Context, w workload, programs [2]string, number int) (round, error) {
	var sessions [sides]session
	for side := range sessions {
		program := programs[0]
		if side == head {
			program = programs[1]
		}
		s, err := w.open(ctx, program)
		if err != nil {
			return nil, err
		}
		defer s.close()
		sessions[side] = s
	}
	result := make(round, len(w.series()))
	for slice := range w.slices() {
		for _, side := range orders[(number*w.slices()+slice)%len(orders)] {
			figures, err := sessions[side].slice(ctx)
			if err != nil {
				return nil, err
			}
			for i, x := range figures {
				result[i][side] += x / float64(w.slices())
			}
		}
	}
	return result, nil
}
