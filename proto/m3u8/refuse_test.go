package m3u8

import (
	"errors"
	"strings"
	"testing"
)

const mediaHead = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" // two lines

func TestBrokenMediaPlaylistsAreRefusedWithTheLine(t *testing.T) {
	for _, c := range []struct {
		text string
		line int
		says string
	}{
		{"", 1, "#EXTM3U"},
		{"#EXT-X-TARGETDURATION:4\n", 1, "#EXTM3U"},
		{"\n#EXTM3U\n", 1, "#EXTM3U"},
		{"\xef\xbb\xbf#EXTM3U\n", 1, "control"},
		{"<html>404</html>", 1, "#EXTM3U"},
		{"#EXTM3U\n", 0, "TARGETDURATION"},
		{"#EXTM3U\n#EXT-X-TARGETDURATION:0\n", 2, "TARGETDURATION"},
		{"#EXTM3U\n#EXT-X-TARGETDURATION:4.5\n", 2, "TARGETDURATION"},
		{mediaHead + "#EXT-X-TARGETDURATION:4\n", 3, "second"},
		{mediaHead + "#EXTM3U\n", 3, "second"},
		{mediaHead + "#EXT-X-VERSION:14\n", 3, "version"},
		{mediaHead + "#EXT-X-PLAYLIST-TYPE:LIVE\n", 3, "type"},
		{mediaHead + "#EXT-X-MEDIA-SEQUENCE:-1\n", 3, "sequence"},
		{mediaHead + "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n", 3, "sequence"},
		{mediaHead + "#EXTINF:4,\na\n#EXT-X-MEDIA-SEQUENCE:1\n", 5, "after the first segment"},
		{mediaHead + "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n", 4, "after EXT-X-DISCONTINUITY"},
		{mediaHead + "a.ts\n", 3, "without EXTINF"},
		{mediaHead + "#EXTINF:4,\n", 3, "no URI"},
		{mediaHead + "#EXTINF:4,\n#EXTINF:4,\na\n", 4, "second EXTINF"},
		{mediaHead + "#EXTINF:4\na\n", 3, "comma"},
		{mediaHead + "#EXTINF:-4,\na\n", 3, "duration"},
		{mediaHead + "#EXTINF:nan,\na\n", 3, "duration"},
		{mediaHead + "#EXTINF:4,\na b\n", 4, "URI"},
		{mediaHead + "#EXTINF:4,\na\tb\n", 4, "control"},
		{mediaHead + "#EXTINF:4,\r\na\rb\n", 4, "control"},
		{mediaHead + "#EXTINF:4,\xff\na\n", 3, "UTF-8"},
		{mediaHead + "#EXTINF:4,\u0085\na\n", 3, "control"},
		{mediaHead + "# a comment\x00\n", 3, "control"},
		{mediaHead + "#EXTINF:4.6,\na\n", 0, "4.4.3.1"},
		{mediaHead + "#EXT-X-BYTERANGE:10\n#EXTINF:4,\na\n", 5, "without an offset"},
		{mediaHead + "#EXT-X-BYTERANGE:0@0\n", 3, "byte range"},
		{mediaHead + "#EXT-X-BYTERANGE:9007199254740992@1\n", 3, "byte range"},
		{mediaHead + "#EXT-X-ENDLIST:1\n", 3, "written"},
		{mediaHead + "#EXTINF\n", 3, "written"},
		{mediaHead + "#EXT-X-KEY:URI=\"k\"\n", 3, "METHOD"},
		{mediaHead + "#EXT-X-KEY:METHOD=AES-128\n", 3, "URI"},
		{mediaHead + "#EXT-X-KEY:METHOD=NONE,URI=\"k\"\n", 3, "NONE"},
		{mediaHead + "#EXT-X-MAP:URI=init.mp4\n", 3, "quoted"},
		{mediaHead + "#EXT-X-MAP:URI=\"init.mp4\n", 3, "closing quote"},
		{mediaHead + "#EXT-X-MAP:URI=\"a\",URI=\"b\"\n", 3, "twice"},
		{mediaHead + "#EXT-X-MAP:URI=\"a\",\n", 3, "cannot read on"},
		{mediaHead + "#EXT-X-MAP:URI=\"a\"x\n", 3, "cannot read on"},
		{mediaHead + "#EXT-X-MAP:uri=\"a\"\n", 3, "no attribute"},
		{mediaHead + "#EXT-X-MAP:URI=\"a\",BYTERANGE=\"5\"\n", 3, "without an offset"},
		{mediaHead + "#EXT-X-PROGRAM-DATE-TIME:yesterday\n", 3, "date"},
		{mediaHead + "#EXT-X-PART:URI=\"a\",DURATION=1\n", 0, "4.4.3.7"},
		{mediaHead + "#EXT-X-PART-INF:PART-TARGET=1\n", 0, "PART-HOLD-BACK"},
		{mediaHead + "#EXT-X-PART:URI=\"a\"\n", 3, "DURATION"},
		{mediaHead + "#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=23.9\n", 0, "4.4.3.8"},
		{mediaHead + "#EXT-X-SERVER-CONTROL:CAN-SKIP-DATERANGES=YES\n", 0, "4.4.3.8"},
		{mediaHead + "#EXT-X-SERVER-CONTROL:HOLD-BACK=11\n", 0, "4.4.3.8"},
		{mediaHead + "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=MAYBE\n", 3, "YES"},
		{mediaHead + "#EXT-X-SKIP:SKIPPED-SEGMENTS=0\n", 3, "SKIPPED-SEGMENTS"},
		{mediaHead + "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", 4, "second"},
		{mediaHead + "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a\"\n", 0, "4.4.5.3"},
		{mediaHead + "#EXT-X-RENDITION-REPORT:URI=\"a\"\n", 3, "LAST-MSN"},
		{mediaHead + "#EXT-X-DATERANGE:START-DATE=\"x\"\n", 3, "ID"},
		{mediaHead + "#EXT-X-STREAM-INF:BANDWIDTH=1\n", 3, "no place"},
	} {
		_, err := ParseMedia([]byte(c.text))
		checkFault(t, c.text, err, c.line, c.says)
	}
}

func checkFault(t *testing.T, text string, err error, line int, says string) {
	t.Helper()
	var fault *Error
	if !errors.As(err, &fault) || fault.Line != line || !strings.Contains(fault.Reason, says) {
		t.Errorf("%q: got %v, want line %d and %q", clip(text), err, line, says)
	}
}

func TestHugePlaylistsAreRefused(t *testing.T) {
	part := `#EXT-X-PART:URI="a",DURATION=1` + "\n"
	low := mediaHead + "#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=3\n"
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"bytes":     {strings.Repeat("#EXTM3U\n", BytesMax/8+1), 0},
		"line":      {mediaHead + "#EXTINF:4," + strings.Repeat("a", LineBytesMax) + "\na\n", 3},
		"comment":   {mediaHead + "#" + strings.Repeat("a", LineBytesMax) + "\n", 3},
		"segments":  {mediaHead + strings.Repeat("#EXTINF:4,\na\n", SegmentsMax+1), 2*SegmentsMax + 4},
		"skipped":   {mediaHead + "#EXT-X-SKIP:SKIPPED-SEGMENTS=100000\n#EXTINF:4,\na\n", 0},
		"parts":     {low + strings.Repeat(part, PartsMax+1), PartsMax + 5},
		"tags":      {mediaHead + strings.Repeat("#EXT-X-NEW\n", tagsMax+1), tagsMax + 3},
		"attrs":     {mediaHead + "#EXT-X-DATERANGE:ID=\"a\"" + manyAttrs(attrsMax) + "\n", 3},
		"hints":     {mediaHead + strings.Repeat(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="a"`+"\n", hintsMax+1), hintsMax + 3},
		"reports":   {mediaHead + strings.Repeat(`#EXT-X-RENDITION-REPORT:URI="a",LAST-MSN=1`+"\n", reportsMax+1), reportsMax + 3},
		"ranges":    {mediaHead + strings.Repeat(`#EXT-X-DATERANGE:ID="a"`+"\n", dateRangesMax+1), dateRangesMax + 3},
		"variables": {mediaHead + strings.Repeat(`#EXT-X-DEFINE:NAME="a",VALUE="b"`+"\n", headMax+1), headMax + 3},
	} {
		_, err := ParseMedia([]byte(c.text))
		var fault *Error
		if !errors.As(err, &fault) || fault.Line != c.line {
			t.Errorf("%s: got %v, want line %d", name, err, c.line)
		}
	}
}

func manyAttrs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(",X-")
		b.WriteByte('A' + byte(i%26))
		b.WriteByte('A' + byte(i/26))
		b.WriteString("=1")
	}
	return b.String()
}

// Section 6.3.1: what is not known is passed over.
func TestUnknownTagsAndAttributesAreTaken(t *testing.T) {
	m := parse(t, "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#a comment\r\n\r\n#EXT-X-MAP:URI=\"i\",X-NEW=0xAB\r\n"+
		"#EXT-X-ALLOW-CACHE:YES\r\n#EXT-X-PRELOAD-HINT:TYPE=NEW,URI=\"a\"\r\n#EXTINF:4,\r\na.ts\r\n")
	if len(m.Segments) != 1 || m.Segments[0].URI != "a.ts" || m.Segments[0].Map.URI != "i" || len(m.Hints) != 0 {
		t.Errorf("got %+v", m)
	}
}
