package origin

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// endsMax bounds what is remembered of a path.
const endsMax = 1000

// argument is what makes this program an origin.
const argument = "origin"

// controlPrefix is where the benchmark steers the origin; no cache asks there.
const controlPrefix = "/control/"

// Run serves as an origin and exits, if that is how this program was started.
func Run() {
	if len(os.Args) != 3 || os.Args[1] != argument {
		return
	}
	fmt.Fprintln(os.Stderr, "bench origin:", serve(os.Args[2]))
	os.Exit(1)
}

func serve(config string) error {
	var c Config
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return fmt.Errorf("cannot read configuration %q: %w", config, err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	fmt.Printf("ready origin=%s\n", l.Addr())
	return http.Serve(l, newServer(c))
}

// server is an origin's state.
type server struct {
	config Config

	mu struct {
		sync.Mutex
		head    int64
		moved   chan struct{} // closed when head has grown
		records map[string]Record
		bodies  map[string][]byte // of the newest segments
	}
}

func newServer(c Config) *server {
	s := &server{config: c}
	s.mu.head, s.mu.moved = c.Head, make(chan struct{})
	s.mu.records, s.mu.bodies = map[string]Record{}, map[string][]byte{}
	return s
}

// ServeHTTP is http.Handler's.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if what, ok := strings.CutPrefix(r.URL.Path, controlPrefix); ok {
		s.control(w, r, what)
		return
	}
	asked := r.URL.RequestURI()
	s.mu.Lock()
	record := s.mu.records[asked]
	record.Requests++
	s.mu.records[asked] = record
	s.mu.Unlock()
	if s.answer(w, r) {
		s.mu.Lock()
		record := s.mu.records[asked]
		if len(record.Ends) < endsMax {
			record.Ends = append(record.Ends, now())
		}
		s.mu.records[asked] = record
		s.mu.Unlock()
	}
}

// control carries out what the benchmark wants: "publish" has the segment that the body
// names be the newest, "records" tells what became of all paths.
func (s *server) control(w http.ResponseWriter, r *http.Request, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch what {
	case "publish":
		head, err := strconv.ParseInt(r.FormValue("head"), 10, 64)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if head > s.mu.head {
			s.mu.head = head
			close(s.mu.moved)
			s.mu.moved = make(chan struct{})
		}
	case "records":
		if err := json.NewEncoder(w).Encode(s.mu.records); err != nil {
			panic(http.ErrAbortHandler)
		}
	default:
		http.NotFound(w, r)
	}
}

// answer serves one request. It returns true when the whole of a body went out.
func (s *server) answer(w http.ResponseWriter, r *http.Request) bool {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/hls/"+Channel+"/"), "/")
	name := parts[len(parts)-1]
	switch {
	case len(parts) == 1 && name == "index.m3u8":
		return s.playlist(w, s.multivariant(Broadcast+"/"))
	case len(parts) == 2 && parts[0] == Broadcast && name == "index.m3u8":
		return s.playlist(w, s.multivariant(""))
	case len(parts) != 3 || parts[0] != Broadcast:
	case name == "index.m3u8":
		return s.media(w, r, parts[1])
	default:
		return s.segment(w, r, parts[1], name)
	}
	http.NotFound(w, r)
	return false
}

// playlist answers with a playlist that may be kept for half a target duration.
func (s *server) playlist(w http.ResponseWriter, text string) bool {
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%d", max(1, int(s.config.Target.Seconds()/2))))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	return write(w, []byte(text))
}

// multivariant lists the renditions.
func (s *server) multivariant(prefix string) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for _, r := range s.config.Renditions {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,CODECS=\"avc1.4d401f,mp4a.40.2\"\n%s%s/index.m3u8\n", int(float64(r.Bytes)*8/s.config.Target.Seconds()), prefix, r.Name)
	}
	return b.String()
}

// media answers with a media playlist, once it lists what is waited for.
func (s *server) media(w http.ResponseWriter, r *http.Request, rendition string) bool {
	if s.find(rendition) == nil {
		http.NotFound(w, r)
		return false
	}
	wanted, err := int64(-1), error(nil)
	if text := r.FormValue("_HLS_msn"); text != "" {
		if wanted, err = strconv.ParseInt(text, 10, 64); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return false
		}
	}
	late := time.NewTimer(3 * s.config.Target)
	defer late.Stop()
	for {
		s.mu.Lock()
		head, moved := s.mu.head, s.mu.moved
		s.mu.Unlock()
		switch {
		case wanted > head+2:
			http.Error(w, "that is too far ahead", http.StatusBadRequest)
			return false
		case wanted <= head:
			return s.playlist(w, Media(s.config, head))
		}
		select {
		case <-moved:
		case <-late.C:
			http.Error(w, "nothing new came", http.StatusServiceUnavailable)
			return false
		case <-r.Context().Done():
			return false
		}
	}
}

// Media is the media playlist of every rendition when head is the newest segment.
func Media(c Config, head int64) string {
	var b strings.Builder
	seconds := int(c.Target.Seconds())
	first := max(0, head-int64(c.Window)+1)
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-MEDIA-SEQUENCE:%d\n", seconds, first)
	for msn := first; msn <= head; msn++ {
		fmt.Fprintf(&b, "#EXTINF:%d.000,\n%s\n", seconds, SegmentName(msn))
	}
	return b.String()
}

func (s *server) find(rendition string) *Rendition {
	for i := range s.config.Renditions {
		if s.config.Renditions[i].Name == rendition {
			return &s.config.Renditions[i]
		}
	}
	return nil
}

// segment answers with a segment that is there, at the pace of the configuration.
func (s *server) segment(w http.ResponseWriter, r *http.Request, rendition, name string) bool {
	of := s.find(rendition)
	var msn int64
	if _, err := fmt.Sscanf(name, "segment-%d.m4s", &msn); err != nil || of == nil || SegmentName(msn) != name {
		http.NotFound(w, r)
		return false
	}
	s.mu.Lock()
	body, there := s.mu.bodies[rendition+"/"+name], msn <= s.mu.head
	if there && body == nil {
		body = Body(rendition, msn, of.Bytes)
		s.mu.bodies[rendition+"/"+name] = body
		delete(s.mu.bodies, rendition+"/"+SegmentName(msn-int64(2*s.config.Window)))
	}
	s.mu.Unlock()
	if !there {
		http.NotFound(w, r)
		return false
	}
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Cache-Control", "max-age=600")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if s.config.Pace == 0 {
		return write(w, body)
	}
	return s.paced(w, r, body)
}

// paceSlices is in how many pieces a paced body goes out.
const paceSlices = 20

func (s *server) paced(w http.ResponseWriter, r *http.Request, body []byte) bool {
	beat := time.NewTicker(s.config.Pace / paceSlices)
	defer beat.Stop()
	for k := range paceSlices {
		select {
		case <-beat.C:
		case <-r.Context().Done():
			return false
		}
		if !write(w, body[len(body)*k/paceSlices:len(body)*(k+1)/paceSlices]) {
			return false
		}
	}
	return true
}

// write hands bytes to the kernel.
func write(w http.ResponseWriter, b []byte) bool {
	_, err := w.Write(b)
	return err == nil && http.NewResponseController(w).Flush() == nil
}

func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(fmt.Sprintf("BUG: cannot read CLOCK_MONOTONIC: %v", err))
	}
	return ts.Nano()
}
