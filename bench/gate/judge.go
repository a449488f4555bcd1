package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/perf/benchmath"
)

// A regression is told from noise by ratios within a round: head to base, and base to
// base again. What else the machine does in a round meets all three, so it cancels.
//
// Head is slower only if the ranks of its ratios against those of base to base say so
// (Mann-Whitney, p < 0.05), and by more than what base differs from itself in the same
// run. And two further repeats of it all must agree.

const (
	roundsMin  = 10
	repeats    = 3    // that must agree
	alpha      = 0.05 // of the Mann-Whitney test
	trimmed    = 0.2  // of the rounds, at each end, that do not count for the centre
	aaDraws    = 2000 // sets of rounds of base against base
	aaQuantile = 0.99 // of how much they differ is the threshold

	// headShare is how much of the spread of base to base that of head to base is. The
	// one is of two noisy figures, the other of one and the mean of two: sqrt(3/2) to sqrt(2).
	headShare = 0.866
)

// series is one figure that a workload measures. Less is better.
type series struct {
	name  string
	unit  string  // of the figure
	floor float64 // a smaller difference is no regression, however sure: code moves about in memory
	blind float64 // a threshold above this asks for more rounds
}

// verdict is what one repeat says about one series.
type verdict struct {
	series
	base, head float64 // centres
	delta      float64 // of head, as a share of base: 0.1 is 10 % more
	p          float64
	threshold  float64 // for delta
	rounds     int
}

func (v verdict) slower() bool { return v.p < alpha && v.delta > v.threshold }
func (v verdict) faster() bool { return v.p < alpha && v.delta < -v.threshold }

// judge compares the sides. It says the same of the same rounds, always.
func judge(s series, rounds [][sides]float64) verdict {
	var bases, heads, toHead, toItself []float64
	for _, f := range rounds {
		both := math.Sqrt(f[base] * f[again])
		bases, heads = append(bases, both), append(heads, f[head])
		toHead, toItself = append(toHead, f[head]/both), append(toItself, f[again]/f[base])
	}
	v := verdict{series: s, base: centre(bases), head: centre(heads), delta: centre(toHead) - 1, p: 1, rounds: len(rounds)}
	if !slices.Equal(toHead, toItself) { // the test has no answer for values that are all alike
		limits := benchmath.DefaultThresholds
		limits.CompareAlpha = alpha
		v.p = benchmath.AssumeNothing.Compare(benchmath.NewSample(toItself, &limits), benchmath.NewSample(toHead, &limits)).P
	}
	v.threshold = max(s.floor, spread(toItself)*headShare)
	return v
}

// centre is the mean without the lowest and the highest values: rounds beside which the
// machine did something else are among these.
func centre(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	cut := int(float64(len(sorted)) * trimmed)
	sorted = sorted[cut : len(sorted)-cut]
	sum := 0.0
	for _, x := range sorted {
		sum += x
	}
	return sum / float64(len(sorted))
}

// spread is by how much as many rounds may find a program to differ from itself: sets
// are drawn from the ratios again and again, and all but 1 in 100 differ by less.
func spread(ratios []float64) float64 {
	random := rand.New(rand.NewPCG(1, uint64(len(ratios))))
	differences := make([]float64, aaDraws)
	set := make([]float64, len(ratios))
	for i := range differences {
		for k := range set {
			set[k] = ratios[random.IntN(len(ratios))]
		}
		differences[i] = math.Abs(centre(set) - 1)
	}
	slices.Sort(differences)
	return differences[int(aaQuantile*aaDraws)]
}

// String is the line of a report.
func (v verdict) String() string {
	return fmt.Sprintf("%s: %.4g %s, base %.4g: %+.1f %% (p = %.4f, threshold %.1f %%, %d rounds)",
		v.name, v.head, v.unit, v.base, 100*v.delta, v.p, 100*v.threshold, v.rounds)
}
