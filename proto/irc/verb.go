package irc

// Verb is a known command, so that a session can switch over it without comparing strings.
type Verb uint8

// The verbs of clients come first, those that only servers send behind them. VerbNumeric is any three digits.
const (
	VerbUnknown Verb = iota
	VerbCap
	VerbInvite
	VerbJoin
	VerbKick
	VerbList
	VerbMode
	VerbNames
	VerbNick
	VerbNotice
	VerbPart
	VerbPass
	VerbPing
	VerbPong
	VerbPrivmsg
	VerbQuit
	VerbTopic
	VerbUser
	VerbWhisper
	VerbWho
	VerbWhois
	VerbClearChat
	VerbClearMsg
	VerbError
	VerbGlobalUserState
	VerbHostTarget
	VerbNumeric
	VerbReconnect
	VerbRoomState
	VerbUserNotice
	VerbUserState
)

// verbBytesMax is the length of the longest known verb, GLOBALUSERSTATE.
const verbBytesMax = 15

// Verb looks the command up, without regard to the case of ASCII letters. It does not allocate.
func (l *Line) Verb() Verb {
	if len(l.Command) > verbBytesMax {
		return VerbUnknown
	}
	var buf [verbBytesMax]byte
	for i, c := range l.Command {
		buf[i] = upper(c)
	}
	name := buf[:len(l.Command)]
	if verb := clientVerb(name); verb != VerbUnknown {
		return verb
	}
	return serverVerb(name)
}

func clientVerb(name []byte) Verb {
	switch string(name) {
	case "CAP":
		return VerbCap
	case "INVITE":
		return VerbInvite
	case "JOIN":
		return VerbJoin
	case "KICK":
		return VerbKick
	case "LIST":
		return VerbList
	case "MODE":
		return VerbMode
	case "NAMES":
		return VerbNames
	case "NICK":
		return VerbNick
	case "NOTICE":
		return VerbNotice
	case "PART":
		return VerbPart
	case "PASS":
		return VerbPass
	case "PING":
		return VerbPing
	case "PONG":
		return VerbPong
	case "PRIVMSG":
		return VerbPrivmsg
	case "QUIT":
		return VerbQuit
	case "TOPIC":
		return VerbTopic
	case "USER":
		return VerbUser
	case "WHISPER":
		return VerbWhisper
	case "WHO":
		return VerbWho
	case "WHOIS":
		return VerbWhois
	}
	return VerbUnknown
}

func serverVerb(name []byte) Verb {
	switch string(name) {
	case "CLEARCHAT":
		return VerbClearChat
	case "CLEARMSG":
		return VerbClearMsg
	case "ERROR":
		return VerbError
	case "GLOBALUSERSTATE":
		return VerbGlobalUserState
	case "HOSTTARGET":
		return VerbHostTarget
	case "RECONNECT":
		return VerbReconnect
	case "ROOMSTATE":
		return VerbRoomState
	case "USERNOTICE":
		return VerbUserNotice
	case "USERSTATE":
		return VerbUserState
	}
	if len(name) == 3 && isDigit(name[0]) && isDigit(name[1]) && isDigit(name[2]) {
		return VerbNumeric
	}
	return VerbUnknown
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
