// Package faults holds the tests of what chat does while its store does not: real
// servers, real redis-server processes, real sockets. It has no code of its own.
//
// A fault is a value: what it needs, how it begins and ends, what shows that it was
// felt, and what strangers may expect meanwhile. One run drives them all: members talk, a
// banned user tries to, a broadcaster moderates, strangers arrive, a bystander on each
// loop is pinged, and memory and the lag of the loops are watched, before, during and
// after. What every fault has to leave alone is in run; what differs is in the table.
//
// Times are strict about the server and fair about the machine: answers are as old as
// the kernel says that they are, and the time for which the server's threads were ready
// to run and had no processor is taken off what is too long (machine).
//
// UPROAR_FAULT_SECONDS=30 makes every fault last that long (a frozen Redis takes 4 s
// otherwise, most others 2), which takes 4 minutes on two cores.
package faults
