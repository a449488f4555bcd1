// Package fleet tests several edge processes that share one Redis: real servers, a real
// redis-server, clients over TCP. It holds tests only.
//
// A storm is the largest of them: edges, clue processes and relays, a crowd that talks,
// and each kind of process killed in its turn. Its members write down all that they see,
// and a judge, who has tests of his own, compares that with what was accepted.
//
//	UPROAR_FLEET=full go test -run Silence -v ./edge/fleet     # 4,000 members, 60 s, twice
//	UPROAR_FLEET=latency go test -run Latency -v ./edge/fleet  # on a quiet machine
//
// Its clients share no code with the server but proto/link. What a server tells its clients of its own
// accord while a test asks for something is read over: only answers count.
package fleet
