package redisstore

import (
	"crypto/sha1" // names a script; Redis has no other hash for it
	_ "embed"
	"encoding/hex"

	"github.com/redis/rueidis"
)

//go:embed take.lua
var takeText string

//go:embed mark.lua
var markText string

//go:embed change.lua
var changeText string

//go:embed post.lua
var postText string

//go:embed posted.lua
var postedText string

var (
	postScript   = newScript(postText)
	postedScript = newScript(postedText)
	takeScript   = newScript(takeText)
	markScript   = newScript(markText)
	changeScript = newScript(changeText)
)

// script is a Lua script that travels in pipelines by its hash. rueidis.Lua does the same
// for one call at a time; its ExecMulti first loads the script into every server, which
// would be another round trip for each batch.
type script struct{ text, sha string }

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text))
	return &script{text, hex.EncodeToString(sum[:])}
}

// command runs the script. A server that does not know it (NOSCRIPT) has done nothing,
// and learns it from its text.
func (s *script) command(b rueidis.Builder, byText bool, keys, args []string) rueidis.Completed {
	if byText {
		return b.Eval().Script(s.text).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build()
	}
	return b.Evalsha().Sha1(s.sha).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build()
}

func unknownScript(r rueidis.RedisResult) bool {
	err, ok := rueidis.IsRedisErr(r.Error())
	return ok && err.IsNoScript()
}
