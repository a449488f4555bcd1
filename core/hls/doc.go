// Package hls is the video tier: a cache of live HLS in front of an origin, the same code at
// every tier (RFC 8216bis, draft-pantos-hls-rfc8216bis-22, here "the specification").
//
// A Node answers viewers. What it lacks it fetches from its Source: the node above, one of
// several, or the origin in this process; one fetch per object, however many wait for it. A
// playlist is not an object but state: one current version per rendition, from which every
// request for it is answered.
//
// Nothing here sees a socket, and nothing that a viewer sent reaches a Source but the parsed
// fields of Path and Reload.
package hls
