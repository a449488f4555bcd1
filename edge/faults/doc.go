// Package faults holds the tests of what chat does while its store does not: real
// servers, real redis-server processes, real sockets. It has no code of its own.
//
// A fault is a value: what it needs, how it begins and ends, and what strangers may
// expect meanwhile. One run drives them all: members talk, a banned user tries to, a
// broadcaster moderates, strangers arrive, a bystander is pinged, and memory and the lag
// of the loops are watched, before, during and after. What every fault has to leave
// alone is in run; what differs is in the table.
//
// Faults run at the same time, each in a world of its own. UPROAR_FAULT_SECONDS=30 makes
// every fault last that long (a frozen Redis takes 5 s otherwise, the others less), which
// wants a machine of its own and, on two cores, 160 s.
package faults
