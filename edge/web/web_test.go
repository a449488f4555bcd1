package web

import (
	"testing"

	"uproar/edge/web/page"
)

func TestHeadOfWhatIsNotThereHasNoBody(t *testing.T) {
	s := newStage(t, nil)
	c := s.seat()
	// The one who asks all of this at once takes a body for the next answer.
	for _, path := range []string{"/no/such/page", "/find/", "/assets/none.js", "/"} {
		c.send(request("HEAD", path))
	}
	all := c.replies("HEAD")
	if len(all) != 4 {
		t.Fatalf("%d answers, want 4", len(all))
	}
	for i, r := range all[:3] {
		if r.StatusCode != 404 || r.get("Content-Length") != "10" || r.body != "" {
			t.Errorf("answer %d: %s %v %q", i, r.Status, r.Header, r.body)
		}
	}
	asset, _ := page.Find("/")
	if last := all[3]; last.StatusCode != 200 || last.ContentLength != int64(len(asset.Body)) {
		t.Errorf("%s %v", last.Status, last.Header)
	}
}
