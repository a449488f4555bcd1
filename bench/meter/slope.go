package meter

// Slope returns the least-squares slope of y over x: bytes per member from
// (members, resident bytes) points. It needs two different x; otherwise it is 0.
func Slope(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
	}
	var sxy, sxx float64
	for i := range x {
		sxy += (x[i] - sx/n) * (y[i] - sy/n)
		sxx += (x[i] - sx/n) * (x[i] - sx/n)
	}
	if sxx == 0 {
		return 0
	}
	return sxy / sxx
}
