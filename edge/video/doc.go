// Package video holds the tests of the video tier as a whole: real servers in three tiers, a
// real packager (ffmpeg), and players that play as time passes. It has no code of its own.
//
// What is pushed passes through the test, which keeps the SHA-256 of every file: a player
// compares what it is served. Faults strike in the middle of a broadcast; then players may
// stall once at most, and are never served a wrong byte.
package video
