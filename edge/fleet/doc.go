// Package fleet tests several edge processes that share one Redis: real servers, a real
// redis-server, clients over TCP. It holds tests only.
//
// Its clients share no code with the server. What a server tells its clients of its own
// accord while a test asks for something is read over: only answers count.
package fleet
