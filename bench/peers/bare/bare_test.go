package bare

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

// frames reads n frames and returns their texts, with length bytes checked.
func frames(t *testing.T, r *bufio.Reader, n int) []string {
	t.Helper()
	var texts []string
	for range n {
		head := make([]byte, 2)
		head[0], _ = r.ReadByte()
		head[1], _ = r.ReadByte()
		size := int(head[1])
		if size == 126 {
			hi, _ := r.ReadByte()
			lo, _ := r.ReadByte()
			size = int(hi)<<8 | int(lo)
		}
		text, err := r.ReadString('\n')
		if err != nil || head[0] != 0x81 || len(text) != size {
			t.Fatalf("frame % x of %d bytes is %q, %v", head, size, text, err)
		}
		texts = append(texts, text)
	}
	return texts
}

func TestEveryMemberGetsEveryLineFramed(t *testing.T) {
	path, err := Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, window := range []time.Duration{0, 3 * time.Millisecond} {
		s, err := Start(t.Context(), path, window)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Kill()
		var members []*bufio.Reader
		for range 3 {
			_, r := dial(t, s.Members)
			if hello := frames(t, r, 1)[0]; !strings.Contains(hello, " 366 ") {
				t.Fatalf("hello is %q", hello)
			}
			members = append(members, r)
		}
		gone, r := dial(t, s.Members)
		frames(t, r, 1)
		gone.Close() // its place is taken by another
		p, _ := dial(t, s.Publishers)
		long := strings.Repeat("z", 150)
		fmt.Fprintf(p, "short\r\n%s\r\nhalf", long)
		fmt.Fprintf(p, " and half\r\n")
		for i, r := range members {
			got := frames(t, r, 3)
			if got[0] != "short\r\n" || got[1] != long+"\r\n" || got[2] != "half and half\r\n" {
				t.Errorf("window %v: member %d got %q", window, i, got)
			}
		}
		if exit := s.Stop(10 * time.Second); exit.Code != 0 || !strings.Contains(s.Output(), "done lines=3 ") || !strings.Contains(s.Output(), "dropped=0") {
			t.Errorf("window %v: exit %d, said %q", window, exit.Code, s.Output())
		}
	}
}
