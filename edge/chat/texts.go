package chat

import "uproar/core/chat"

// texts are the parts of replies that depend on the server's name alone, made once.
type texts struct {
	host     string // "tmi.twitch.tv"
	prefix   string // ":tmi.twitch.tv "
	ping     string // whole lines end in CRLF
	pongBare string
}

func newTexts(host string) texts {
	return texts{
		host:     host,
		prefix:   ":" + host + " ",
		ping:     "PING :" + host + "\r\n",
		pongBare: "PONG :" + host + "\r\n",
	}
}

// Capabilities. Twitch's names; the set is one byte of a variant.
type capabilities uint8

const (
	capTags capabilities = 1 << iota
	capCommands
	capMembership
	capResume // decides no bytes: no part of a variant
)

const allCapabilities = "twitch.tv/tags twitch.tv/commands twitch.tv/membership uproar/resume"

// resumeTag is on the JOIN of who comes back: the id of the last line that it was sent.
const resumeTag = "uproar/resume"

func capabilityOf(name []byte) capabilities {
	switch string(name) { // case-sensitive, as on Twitch
	case "twitch.tv/tags":
		return capTags
	case "twitch.tv/commands":
		return capCommands
	case "twitch.tv/membership":
		return capMembership
	case "uproar/resume":
		return capResume
	}
	return 0
}

// Rejections that the edge itself gives, beside those of clue.
var (
	rejectJoinRate = &chat.Notice{MsgID: "msg_ratelimit", Text: "You are joining rooms too quickly. Please try again in a few seconds."}
	rejectRooms    = &chat.Notice{MsgID: "msg_concurrent_channel_limit_reached", Text: "You are in as many rooms as one connection may join. Leave one first."}
)

// gapMsgID is ours: no Twitch message says that lines were lost.
const gapMsgID = "uproar_gap"
