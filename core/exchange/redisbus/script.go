package redisbus

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

//go:embed publish.lua
var publishText string

var publishSHA = func() string {
	sum := sha1.Sum([]byte(publishText))
	return hex.EncodeToString(sum[:])
}()

// How long things are kept, and how much of a stream.
const (
	numberKept  = 60 * time.Second // longer than a flush is sent again
	streamKept  = 2 * time.Minute  // after its last line
	counterKept = 24 * time.Hour

	// Of a stream goes what was there before the older of its two marks, whenever it is
	// marked anew: two to three minutes of it stay.
	markEvery        = time.Minute // whole seconds
	streamLinesMin   = 512         // stay whatever their age
	streamEntriesMax = 16384       // about: Redis removes whole nodes of at most 100
)

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// What the script returns.
const (
	scriptPublished = 1
	scriptKnown     = 0
)

// command runs the script: by its hash, or by its text where the server does not know it.
func command(b rueidis.Builder, byText bool, keys, args []string) rueidis.Completed {
	if byText {
		return b.Eval().Script(publishText).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build()
	}
	return b.Evalsha().Sha1(publishSHA).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build()
}
