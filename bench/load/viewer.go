package load

import (
	"bytes"
	"fmt"
	"hash/crc32"

	"golang.org/x/sys/unix"
)

// viewerState says what a viewer waits for.
type viewerState uint8

const (
	away    viewerState = iota // there is no connection
	dialing                    // the connection
	free                       // nothing: it has asked for nothing
	asking                     // the head of an answer
	reading                    // the rest of its body
)

// viewer is one connection.
type viewer struct {
	fd     int32
	state  viewerState
	stuck  bool // reads nothing
	right  bool // the answer so far
	kept   bool // its body is kept in body
	sum    uint32
	page   *Page
	due    int64
	left   int64  // bytes of the body to come
	length int64  // of the body
	body   []byte // or the part of a head that has come
}

// headBytesMax bounds the head of an answer.
const headBytesMax = 8 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is the checksum of a body.
func Sum(body []byte) uint32 { return crc32.Checksum(body, castagnoli) }

// ask has viewer i, which is free, ask for a page that was due at due.
func (a *Audience) ask(i int, p *Page, due int64) {
	v := &a.viewers[i]
	if v.state == away {
		return
	}
	if p.request == nil {
		p.request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: uproar-bench\r\nAccept: */*\r\n\r\n", p.Path, a.config.Addr)
	}
	v.state, v.page, v.due, v.body = asking, p, due, v.body[:0]
	if n, err := unix.Write(int(v.fd), p.request); err != nil || n < len(p.request) {
		a.lose(i, fmt.Sprintf("cannot write a request: %d of %d bytes went, %v", n, len(p.request), err))
	}
}

// dial opens connections while there are too few.
func (a *Audience) dial() {
	for len(a.viewers) < a.target && a.inFlight < a.config.Window && a.progress.failed.Load() == 0 {
		i := len(a.viewers)
		a.viewers = append(a.viewers, viewer{fd: -1})
		fd, err := dialFrom(a.config.First+i, &a.addr, a.config.Receive)
		if err == nil {
			err = a.control(unix.EPOLL_CTL_ADD, fd, i, unix.EPOLLOUT)
		}
		if err != nil {
			a.tally.odd(err.Error())
			a.progress.failed.Add(1)
			return
		}
		a.viewers[i] = viewer{fd: int32(fd), state: dialing}
		a.inFlight++
	}
}

func (a *Audience) serve(ev unix.EpollEvent) {
	if ev.Fd < 0 {
		a.runTodo()
		return
	}
	i := int(ev.Fd)
	v := &a.viewers[i]
	switch {
	case v.state == away || v.stuck:
	case v.state == dialing:
		a.arrived(i)
	default:
		// Edge-triggered: a read that did not fill the buffer has taken all there was.
		for more := true; more && v.state != away && !v.stuck; {
			more = a.read(i) || ev.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
		}
	}
}

// arrived takes in viewer i, whose connection stands or has failed.
func (a *Audience) arrived(i int) {
	v := &a.viewers[i]
	a.inFlight--
	code, err := unix.GetsockoptInt(int(v.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err == nil {
		err = a.control(unix.EPOLL_CTL_MOD, int(v.fd), i, memberEvents)
	}
	if err != nil {
		a.progress.failed.Add(1)
		a.lose(i, fmt.Sprintf("cannot connect: %v", err))
		return
	}
	v.state = free
	a.progress.ready.Add(1)
	a.progress.open.Add(1)
}

// read takes what the kernel holds for viewer i, once. It returns true when there may be
// more.
func (a *Audience) read(i int) bool {
	v := &a.viewers[i]
	n, err := unix.Read(int(v.fd), a.buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return false
	case err != nil:
		a.lose(i, fmt.Sprintf("cannot read: %v", err))
		return false
	case n == 0:
		a.lose(i, "the server closed the connection")
		return false
	}
	a.now = Now()
	a.feed(i, a.buf[:n])
	return n == len(a.buf)
}

// feed has viewer i take what has come.
func (a *Audience) feed(i int, data []byte) {
	v := &a.viewers[i]
	for len(data) > 0 && v.state != away {
		switch v.state {
		case asking:
			data = a.head(i, data)
		case reading:
			data = a.take(i, data)
		default:
			a.lose(i, fmt.Sprintf("%d bytes came that nobody had asked for", len(data)))
		}
	}
}

// head takes the head of an answer, or a part of it, and returns what follows.
func (a *Audience) head(i int, data []byte) []byte {
	v := &a.viewers[i]
	head, had := data, len(v.body)
	if had > 0 {
		v.body = append(v.body, data...)
		head = v.body
	}
	end := bytes.Index(head, []byte("\r\n\r\n"))
	if end < 0 {
		if had == 0 {
			v.body = append(v.body, data...)
		}
		if len(v.body) > headBytesMax {
			a.lose(i, "the head of an answer never ends")
		}
		return nil
	}
	status, length, ok := parseHead(head[:end+2])
	if !ok {
		a.lose(i, fmt.Sprintf("cannot read the head %q", head[:end]))
		return nil
	}
	v.right = status == 200 && (v.page.Length == AnyLength || v.page.Length == length)
	if !v.right {
		a.tally.odd(fmt.Sprintf("%s: status %d and %d bytes, want %d", v.page.Path, status, length, v.page.Length))
	}
	data = data[end+4-had:]
	v.kept, v.body, v.sum, v.left, v.length = v.page.Length == AnyLength, v.body[:0], 0, length, length
	v.state = reading
	if length == 0 {
		return a.take(i, data)
	}
	return data
}

// take takes bytes of a body, and returns those behind it.
func (a *Audience) take(i int, data []byte) []byte {
	v := &a.viewers[i]
	n := int(min(int64(len(data)), v.left))
	if v.kept {
		v.body = append(v.body, data[:n]...)
	} else {
		v.sum = crc32.Update(v.sum, castagnoli, data[:n])
	}
	if v.left -= int64(n); v.left == 0 {
		a.whole(i)
	}
	return data[n:]
}

// whole judges an answer that has come to its end.
func (a *Audience) whole(i int) {
	v := &a.viewers[i]
	if v.right && !v.kept && v.sum != v.page.Sum {
		v.right = false
		a.tally.odd(fmt.Sprintf("%s: %d bytes of other content, sum %08x, want %08x", v.page.Path, v.length, v.sum, v.page.Sum))
	}
	if v.right && v.kept && !bytes.Contains(v.body, []byte(v.page.Holds)) {
		v.right = false
		a.tally.odd(fmt.Sprintf("%s: no %q in %q", v.page.Path, v.page.Holds, v.body))
	}
	a.tally.Answers++
	a.tally.Bytes += v.length
	if !v.right {
		a.tally.Wrong++
	}
	got := answer{page: v.page, due: v.due, end: a.now, right: v.right}
	if v.kept {
		got.body = v.body
	}
	v.state, v.page = free, nil
	if a.script != nil {
		a.script.answered(i, got)
	}
}

// lose ends the connection of viewer i.
func (a *Audience) lose(i int, why string) {
	v := &a.viewers[i]
	if v.state == away {
		return
	}
	if v.state != dialing {
		a.tally.Broken++
		a.progress.open.Add(-1)
	}
	a.tally.odd(fmt.Sprintf("viewer %d: %s", a.config.First+i, why))
	unix.Close(int(v.fd))
	*v = viewer{fd: -1}
}

// parseHead reads the head of an answer: lines that end with CR LF each. It knows bodies of
// a length that is told alone.
func parseHead(head []byte) (status int, length int64, ok bool) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < 12 || string(line[:9]) != "HTTP/1.1 " {
		return 0, 0, false
	}
	status = int(line[9]-'0')*100 + int(line[10]-'0')*10 + int(line[11]-'0')
	const name = "content-length:"
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if len(line) <= len(name) || line[0]|0x20 != 'c' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
			continue
		}
		for _, c := range bytes.TrimSpace(line[len(name):]) {
			if c < '0' || c > '9' || length > 1<<40 {
				return 0, 0, false
			}
			length, ok = length*10+int64(c-'0'), true
		}
	}
	return status, length, ok
}
