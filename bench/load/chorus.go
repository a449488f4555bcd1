package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/meter"
)

// ChorusConfig says who speaks, and where.
type ChorusConfig struct {
	Addr      string // host:port, IRC over TCP
	Voices    int    // accounts, each on a connection of its own and in one room
	Room      string // "" is DefaultRoom
	Rooms     int    // voices spread over them alike: Room with a number from 0; 0 and 1 are Room alone
	TextBytes int    // of each line's text: TextBytesMin to 500
}

// Chorus is accounts that say more than anybody would read, to find out how fast lines are
// decided: one goroutine around one epoll, as a Swarm. Voices are in no room, so that
// nothing is sent to them but answers. A voice's answers come in the order of its lines
// as long as none is refused; a latency is from the time at which a line was due to the
// USERSTATE. Make it with NewChorus, Connect it, Sing once or several times, Close it.
// Not for concurrent use.
type Chorus struct {
	config ChorusConfig
	epfd   int
	voices []voice
	buf    []byte
	sung   Sung
	start  int64 // when this Sing began
	faulty error
}

// voice is one of the accounts.
type voice struct {
	fd    int
	seq   uint32
	head  string  // of its lines
	out   []byte  // what the kernel has not taken
	due   []int64 // of lines that have no answer yet, the oldest first
	carry []byte  // the beginning of a line
}

// Sung is what came of the lines of one Sing.
type Sung struct {
	Accepted int64
	Refused  int64
	First    string         // refusal
	Missing  int64          // lines that had no answer at the end
	Latency  *meter.Latency // of accepted lines
	Took     time.Duration  // until the last answer
}

// NewChorus checks the configuration.
func NewChorus(c ChorusConfig) (*Chorus, error) {
	if c.Room == "" {
		c.Room = DefaultRoom
	}
	if c.TextBytes < TextBytesMin || c.TextBytes > len(padding) || c.Voices < 1 {
		return nil, fmt.Errorf("cannot have %d voices with texts of %d bytes: want one at least, and %d to %d", c.Voices, c.TextBytes, TextBytesMin, len(padding))
	}
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &Chorus{config: c, epfd: epfd, buf: make([]byte, readBytes)}, nil
}

// Close ends the connections.
func (c *Chorus) Close() {
	for _, v := range c.voices {
		unix.Close(v.fd)
	}
	unix.Close(c.epfd)
}

// Connect registers every voice.
func (c *Chorus) Connect(ctx context.Context) error {
	for i := range c.config.Voices {
		nick := fmt.Sprintf("voice%d", i+1)
		if err := c.connect(ctx, i, nick); err != nil {
			return fmt.Errorf("cannot connect %q: %w", nick, err)
		}
	}
	return nil
}

func (c *Chorus) connect(ctx context.Context, i int, nick string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp4", c.config.Addr)
	if err != nil {
		return err
	}
	defer conn.Close() // what is kept is a descriptor of its own
	lines := bufio.NewReader(conn)
	if err := register(ctx, conn, lines, twitchLogin(nick)); err != nil {
		return err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	v := voice{head: "PRIVMSG " + roomName(c.config.Room, c.config.Rooms, i%max(c.config.Rooms, 1)) + " :"}
	if v.carry, err = lines.Peek(lines.Buffered()); err != nil {
		return err
	}
	var dup error
	err = raw.Control(func(fd uintptr) { v.fd, dup = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, os.NewSyscallError("fcntl", dup)); err != nil {
		return err
	}
	c.voices = append(c.voices, v)
	ev := unix.EpollEvent{Events: memberEvents, Fd: int32(len(c.voices) - 1)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(c.epfd, unix.EPOLL_CTL_ADD, v.fd, &ev))
}

// answerTimeout is how long the last answers of a Sing may take.
const answerTimeout = 5 * time.Second

// Sing has the voices say rate lines a second for so long, in turn, whatever the server
// does. When rate is 0 each keeps window lines under way, and says more as it is answered.
// It returns when all lines have their answer, or none comes any more.
func (c *Chorus) Sing(ctx context.Context, rate float64, window int, d time.Duration) (Sung, error) {
	c.start, c.sung, c.faulty = Now(), Sung{Latency: meter.NewLatency()}, nil
	end, said, spoke := c.start+int64(d), int64(0), int64(0)
	if rate > 0 {
		window = 0
		said = int64(rate * d.Seconds())
	}
	events := make([]unix.EpollEvent, 1024)
	for i := range c.voices {
		c.fill(i, window)
	}
	for ctx.Err() == nil && c.faulty == nil {
		now := Now()
		for ; spoke < said; spoke++ {
			due := c.start + int64(float64(spoke)/rate*1e9)
			if due > now {
				break
			}
			c.voices[spoke%int64(len(c.voices))].say(due, c.config.TextBytes)
		}
		waiting := c.write()
		if now > end && (waiting == 0 || now > end+int64(answerTimeout)) {
			break
		}
		n, err := unix.EpollWait(c.epfd, events, 0)
		if err != nil && err != unix.EINTR {
			return c.sung, os.NewSyscallError("epoll_wait", err)
		}
		for i := range max(n, 0) {
			voice := int(events[i].Fd)
			c.read(voice)
			if Now() < end {
				c.fill(voice, window)
			}
		}
		if n < napBelow {
			unix.Nanosleep(&unix.Timespec{Nsec: nap.Nanoseconds()}, nil) // cut short by a signal is as good
		}
	}
	for i := range c.voices {
		c.sung.Missing += int64(len(c.voices[i].due))
	}
	return c.sung, errors.Join(ctx.Err(), c.faulty)
}

// fill has a voice say lines, due now, until window are under way.
func (c *Chorus) fill(i, window int) {
	v, now := &c.voices[i], Now()
	if len(v.due) > window/2 {
		return // a few lines at once cost both sides less
	}
	for len(v.due) < window {
		v.say(now, c.config.TextBytes)
	}
}

func (v *voice) say(due int64, size int) {
	v.seq++
	v.out = append(v.out, v.head...)
	v.out = append(appendText(v.out, v.seq, due, size), '\r', '\n')
	v.due = append(v.due, due)
}

// write gives the kernel what it takes of all that is to be said, and returns how many
// lines have no answer yet.
func (c *Chorus) write() (waiting int) {
	for i := range c.voices {
		v := &c.voices[i]
		waiting += len(v.due)
		if len(v.out) == 0 {
			continue
		}
		n, err := unix.Write(v.fd, v.out)
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
		case err != nil:
			c.faulty = os.NewSyscallError("write", err)
		default:
			v.out = v.out[:copy(v.out, v.out[n:])]
		}
	}
	return waiting
}

// read takes what the kernel holds for a voice.
func (c *Chorus) read(i int) {
	v := &c.voices[i]
	for c.faulty == nil {
		n := copy(c.buf, v.carry)
		k, err := unix.Read(v.fd, c.buf[n:])
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			return
		case err != nil:
			c.faulty = os.NewSyscallError("read", err)
			return
		case k == 0:
			c.faulty = fmt.Errorf("voice %d was closed: %.200q", i+1, v.carry)
			return
		}
		b := c.buf[:n+k]
		now, full := Now(), len(b) == len(c.buf)
		for {
			text, rest, whole := bytes.Cut(b, []byte{'\n'})
			if !whole {
				break
			}
			c.answer(v, text, now)
			b = rest
		}
		v.carry = append(v.carry[:0], b...)
		if !full {
			return // edge-triggered: what comes later is a new event
		}
	}
}

// answer counts what a voice was told.
func (c *Chorus) answer(v *voice, text []byte, now int64) {
	l := cutLine(bytes.TrimSuffix(text, []byte{'\r'}))
	switch string(l.command) {
	case "PING":
		v.out = append(append(append(v.out, "PONG "...), l.rest...), "\r\n"...)
		return
	case "USERSTATE":
		if len(v.due) > 0 {
			c.sung.Accepted++
			c.sung.Latency.Record(time.Duration(now - v.due[0]))
		}
	case "NOTICE":
		c.sung.Refused++
		if c.sung.First == "" {
			c.sung.First = string(l.rest)
		}
	default:
		return
	}
	c.sung.Took = time.Duration(now - c.start)
	if len(v.due) > 0 {
		v.due = v.due[:copy(v.due, v.due[1:])]
	}
}
