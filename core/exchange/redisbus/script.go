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
	numberKept       = 60 * time.Second // longer than a flush is sent again
	streamKept       = 2 * time.Minute
	counterKept      = 24 * time.Hour
	streamEntriesMax = 512 // about: Redis removes whole nodes of 100
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
