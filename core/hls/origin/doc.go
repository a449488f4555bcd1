// Package origin takes live HLS from a packager and keeps it: the live window in memory, a
// broadcast as a whole on disk. It is an http.Handler for the port inside, on which playlists
// and segments arrive by PUT, and the hls.Source above the first tier of Nodes. "The
// specification" is draft-pantos-hls-rfc8216bis-22.
//
// A channel has runs, its broadcasts; a run has renditions; a rendition has files and one
// hls.Live. A packager knows nothing of broadcasts: the origin tells a new run by what
// arrives, and puts an id into the path that no other run of the channel has, ordered by
// time. So no URI is ever used for other bytes.
//
// # Threads
//
// Handlers and Fetch run on their callers' goroutines; Run owns one, which ends runs that
// fell silent and lets go of what is past its time. Lock order: Origin.mu -> channel.mu ->
// blob.mu. Disk is read and written with none of them held, except for a stat and at start.
//
// # What a crash leaves
//
// A file is written under a name of its own and renamed, and a playlist after the segments
// that it lists; nothing is synced. So a process that dies loses at most what the packager
// had not listed; a machine that does may lose the last seconds.
package origin
