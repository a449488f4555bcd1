package clients

import (
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	twitch "github.com/gempir/go-twitch-irc/v4"
)

// goTwitch drives go-twitch-irc in this process.
type goTwitch struct {
	client   *twitch.Client
	out      chan event
	done     chan struct{} // closed by stop
	wantPong atomic.Bool
	printed  *transcript
}

func startGoTwitch() (driver, error) {
	return &goTwitch{out: make(chan event, 1024), done: make(chan struct{}), printed: &transcript{}}, nil
}

func (g *goTwitch) events() <-chan event { return g.out }
func (g *goTwitch) log() string          { return g.printed.String() }

func (g *goTwitch) stop() {
	close(g.done)
	if g.client != nil {
		_ = g.client.Disconnect()
	}
}

func (g *goTwitch) send(c command) error {
	switch c.Do {
	case "connect":
		g.connect(net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), c.User)
	case "join":
		g.client.Join(c.Room)
	case "part":
		g.client.Depart(c.Room)
	case "say":
		g.client.Say(c.Room, c.Text)
	case "ping": // it pings by itself when it has been idle
		g.wantPong.Store(true)
	case "quit":
		return g.client.Disconnect()
	default:
		return fmt.Errorf("cannot do %q", c.Do)
	}
	return nil
}

func (g *goTwitch) connect(addr, user string) {
	g.client = twitch.NewClient(user, "oauth:anything")
	g.client.IrcAddress, g.client.TLS = addr, false
	g.client.IdlePingInterval = 2 * time.Second
	g.client.PongTimeout = time.Second
	first := true
	g.client.OnConnect(func() {
		if first {
			g.emit(event{Event: "connected"})
		} else {
			g.emit(event{Event: "reconnected"})
		}
		first = false
	})
	g.client.OnReconnectMessage(func(twitch.ReconnectMessage) { g.emit(event{Event: "asked"}) })
	g.client.OnSelfJoinMessage(func(m twitch.UserJoinMessage) { g.emit(event{Event: "joined", Room: m.Channel}) })
	g.client.OnSelfPartMessage(func(m twitch.UserPartMessage) { g.emit(event{Event: "parted", Room: m.Channel}) })
	g.client.OnPrivateMessage(func(m twitch.PrivateMessage) {
		g.emit(event{Event: "heard", Room: m.Channel, User: m.User.Name, Text: m.Message})
	})
	g.client.OnWhisperMessage(func(m twitch.WhisperMessage) {
		g.emit(event{Event: "whispered", User: m.User.Name, Text: m.Message})
	})
	g.client.OnNoticeMessage(func(m twitch.NoticeMessage) {
		g.emit(event{Event: "notice", ID: m.MsgID, Text: m.Message})
	})
	g.client.OnPongMessage(func(twitch.PongMessage) {
		if g.wantPong.Swap(false) {
			g.emit(event{Event: "pong"})
		}
	})
	go g.keepConnected()
}

// keepConnected is what an application of this library does: Connect returns when
// the server cannot be reached, and is called again.
func (g *goTwitch) keepConnected() {
	for {
		err := g.client.Connect()
		_, _ = fmt.Fprintf(g.printed, "Connect: %v\n", err)
		select {
		case <-g.done:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (g *goTwitch) emit(e event) {
	select {
	case g.out <- e:
	case <-g.done:
	}
}
