// Package redisstore is the Store on Redis 7 or later: one server, several servers that
// share the keys by a stable hash, or a Redis Cluster.
//
// A Fetch sends each server one pipeline and waits once. Facts are plain reads; only
// what must hold together is a Lua script, one file each: take.lua for limits, mark.lua
// for who has spoken, change.lua for records, post.lua and posted.lua for what processes
// tell of themselves. A Change tells every process in the same script that makes
// it; Watch hears that on a connection of its own for each server.
//
// # Keys
//
// All keys start with "up:" and the environment, so that a test fleet cannot touch what
// is in production. The part in braces is the hash tag: what belongs to one room, or to
// one account, lives on one server. Names are those of chat.ValidName, which have
// neither colons nor braces. All times are in milliseconds.
//
//	key                            type    fields                               kept       written by
//	up:{env}:{r:ROOM}:room         hash    created suspended hold nolinks "1";  for ever   Change
//	                                       terms (JSON); slow followers
//	                                       followersfor subscribers emotes
//	                                       unique
//	up:{env}:{r:ROOM}:m:LOGIN      hash    sub vip mod banned "1"; until        for ever;  Change
//	                                       follows (Unix time); why             a timeout
//	                                                                            alone: a day
//	                                                                            beyond its end
//	up:{env}:{r:ROOM}:mark:LOGIN   string  "FIRST LAST": Unix times of the      90 days    Spoken.Mark
//	                                       earliest and latest marked line
//	up:{env}:{r:ROOM}:roster:ROLE  zset    logins with score 0, which sorts     for ever   Change
//	                                       them; at most rosterKept
//	up:{env}:{r:ROOM}:last:LOGIN   string  hash of the text; its age is what    10 min     Spoken
//	                                       has gone of its expiry
//	up:{env}:{r:ROOM}:said:HASH    string  empty                                10 min     Spoken.Unique
//	up:{env}:{u:LOGIN}:account     hash    color; banned verified "1"           for ever;  Change
//	                                                                            a color
//	                                                                            alone: 1 year
//	up:{env}:{u:LOGIN}:rate:LIMIT  string  lines taken in this window           Limit.Per  Draw
//	up:{env}:{p:BOARD}:posts       hash    by name: "END:TEXT", END in Unix time  the longest  Post
//	                                       by the server's clock               of its ttls
//	up:{env}:stale                 channel "r:ROOM", "m:ROOM:LOGIN", "a:LOGIN"  -          Change
//
// No number of ours decides by the clock of another host: windows, last lines and texts
// are as old as their expiry says, which the server counts. Until, Follows and marks
// alone are times of day, as the Store's callers give them; a server whose clock is less
// than a day ahead forgets no timeout before its end.
//
// # Bound
//
// What is kept for ever is what people with a say have done: a room with a mode, a
// member with a role, a ban or a follow, an account banned or verified. Whatever a
// client can make by itself leaves: marks, at about 120 bytes, of those who spoke in a
// room within 90 days; colors of those who chose one within a year; the rest in minutes.
// A member of an older version holds "spoken" until it speaks again. A field that is set
// by hand on a key that is to leave leaves with it: PERSIST it.
//
// # Notices
//
// The channel is one for each environment, and plain PUBLISH: moderation is rare, so
// that a cluster's bus may well carry it to every node, and a Watch needs one
// subscription for each node, where sharded channels would need one for each partition
// of the slots. A notice that comes twice does no harm. While a server answers and cannot
// be subscribed to, everything is stale once a second. That a member has spoken is
// decoration, and is told to nobody.
//
// # Failure
//
// Every call ends with its context, and what lives on other servers is not affected. A
// server has a bounded number of calls under way, given up ones included; beyond, a call
// is refused at once. Nothing is sent twice by itself: a script that has met its deadline
// may have run, or may run yet.
//
// A server must keep what it acknowledged (appendonly) for a Change to be durable, and
// may evict only keys that leave anyway: volatile-lru takes the marks of those who have
// not spoken for longest, and a timeout that still runs if nobody has asked for it in as
// long; noeviction loses nothing and fails every write when full. A cluster should run
// with cluster-require-full-coverage no, or one lost shard stops all.
package redisstore
