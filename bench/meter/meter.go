// Package meter measures: latency histograms, what a process used of the
// machine, and what the machine is. It starts no goroutine; its values are not
// safe for concurrent use.
package meter
